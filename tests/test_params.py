"""Parameters are what params.yaml says, or an error that names every entry that cannot be."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from contender.edits import with_values
from contender.errors import ParameterError
from contender.params import Params, load_params, read_yaml
from tests import datasets

CONTENT = read_yaml(datasets.ROOT / "params.yaml")


def load(folder: Path, content: Any) -> Params:
    """The parameters that `content` makes."""
    datasets.dump_yaml(folder / "params.yaml", content)
    return load_params(folder / "params.yaml")


def without(path: str) -> dict[str, Any]:
    """The content with the entry at a dotted path taken away."""
    content = copy.deepcopy(CONTENT)
    *parents, last = path.split(".")
    place = content
    for name in parents:
        place = place[name]
    del place[last]
    return content


def test_the_repositorys_own_parameters_load() -> None:
    """Sections are values, and a value cannot be changed."""
    params = load_params(datasets.ROOT / "params.yaml")
    assert params.split.holdout == CONTENT["split"]["holdout"]
    assert params.validate_.min_rows == CONTENT["validate"]["min_rows"]
    with pytest.raises(ValueError, match="frozen"):
        params.split.holdout = 0.5  # type: ignore[misc]


def test_printing_and_loading_are_inverses(tmp_path: Path) -> None:
    """What `contender params` prints, written as YAML, loads as the same parameters."""
    params = load_params(datasets.ROOT / "params.yaml")
    assert load(tmp_path, params.model_dump(mode="json", by_alias=True)) == params


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("split.holdout", 0),
        ("split.holdout", 1),
        ("split.holdout", 1.5),
        ("split.holdout", float("nan")),
        ("split.holdout", "much"),
        ("split.holdout", None),
        ("split.method", "random"),
        ("split.min_holdout_rows", 0),
        ("split.min_holdout_rows", 1.5),
        ("ingest.delimiter", ""),
        ("ingest.delimiter", ";;"),
        ("ingest.source", ""),
        ("ingest.missing", "NA"),
        ("validate.min_rows", -1),
        ("train.seed", -1),
        ("train.seed", 2**32),
        ("train.max_parity_error", 0),
        ("train.max_parity_error", float("inf")),
        ("train.hyperparameters.linear.strength", float("nan")),
        ("train.hyperparameters.linear.strength", [1]),
        ("train.hyperparameters.linear", 3),
        ("evaluate.threshold", 1),
        ("evaluate.costs.false_positive", -1),
        ("evaluate.calibration_bins", 1),
        ("tune.folds", 1),
        ("tune.space.linear.strength", 1.0),
        ("gate.mode", "hope"),
        ("gate.alpha", 0),
        ("gate.floors.roc_auc", float("nan")),
        ("gate.fairness.max_gap", 0),
        ("gate.cost.max_size_mb", "big"),
        ("split.colour", "red"),
        ("extra", {}),
        ("train", None),
        ("gate", []),
    ],
)
def test_an_impossible_entry_is_named(path: str, value: Any, tmp_path: Path) -> None:
    """The message has the entry's path, as it stands in the file."""
    content = datasets.changed(copy.deepcopy(CONTENT), {path: value})
    with pytest.raises(ParameterError) as caught:
        load(tmp_path, content)
    assert f"`{path}" in str(caught.value)
    assert "params --schema" in caught.value.hint


@pytest.mark.parametrize(
    "path", ["split", "split.holdout", "train.seed", "evaluate.costs.false_negative", "gate.mode"]
)
def test_a_missing_entry_is_named(path: str, tmp_path: Path) -> None:
    """There are no defaults: what is not in the file is asked for."""
    with pytest.raises(ParameterError, match=f"`{path}`: field required"):
        load(tmp_path, without(path))


def test_all_bad_entries_are_named_at_once(tmp_path: Path) -> None:
    """Three mistakes, three lines."""
    wrong = {"split.holdout": 7, "train.seed": "x", "gate.colour": "red"}
    with pytest.raises(ParameterError) as caught:
        load(tmp_path, datasets.changed(copy.deepcopy(CONTENT), wrong))
    assert all(f"`{path}`" in str(caught.value) for path in wrong)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"split: [", b"- a", b"a: b: c", b"\xff\xfe", b"split: 1\nsplit: 2", b"!!python/x"],
)
def test_a_file_that_holds_no_parameters_is_named(content: bytes | None, tmp_path: Path) -> None:
    """Missing, empty, no YAML, no mapping, no UTF-8, a key given twice."""
    path = tmp_path / "params.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ParameterError, match=r"params\.yaml"):
        load_params(path)


TEXT = (datasets.ROOT / "params.yaml").read_text(encoding="utf-8")
PLACE = "train.hyperparameters.hist_gradient_boosting"


@given(
    st.dictionaries(
        st.sampled_from(["learning_rate", "max_iter", "max_leaf_nodes"]),
        st.integers(1, 500) | st.floats(0.001, 1).map(lambda number: round(number, 4)),
    )
)
@settings(deadline=None, max_examples=30)
def test_a_winner_changes_its_own_lines_only(chosen: dict[str, float]) -> None:
    """Every other line of the file stays as it was, comments and all."""
    text = with_values(TEXT, {f"{PLACE}.{name}": value for name, value in chosen.items()})
    before, after = TEXT.splitlines(), text.splitlines()
    assert len(before) == len(after)
    changed = [line for old, line in zip(before, after, strict=True) if old != line]
    assert len(changed) <= len(chosen)
    assert all(any(line.strip().startswith(name) for name in chosen) for line in changed)
    tree = YAML(typ="safe", pure=True).load(text)
    settings_ = tree["train"]["hyperparameters"]["hist_gradient_boosting"]
    assert {name: settings_[name] for name in chosen} == chosen


def test_a_winner_may_be_the_first_of_its_kind() -> None:
    """An estimator that has no settings yet gets its own entry."""
    text = with_values(TEXT, {"train.hyperparameters.mine.depth": 3})
    tree = YAML(typ="safe", pure=True).load(text)
    assert tree["train"]["hyperparameters"]["mine"] == {"depth": 3}
