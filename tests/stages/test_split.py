"""Stage 3: two parts that share nothing, and a rule that gives the same answer for ever."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from contender import files
from contender.errors import IntegrityError, MissingError, ParameterError, SplitError
from contender.partition import held_out
from contender.paths import Paths
from tests import datasets
from tests.stages.conftest import Prepare, copy


@pytest.fixture
def paths(prepared: Prepare, tmp_path: Path) -> Paths:
    """A project of boxes whose table is valid."""
    return copy(prepared("boxes"), tmp_path / "boxes")


def parts(paths: Paths) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The training rows and the holdout."""
    return pq.read_table(paths.train).to_pandas(), pq.read_table(paths.holdout).to_pandas()


@pytest.mark.parametrize("name", datasets.PROBLEMS)
def test_every_row_is_on_one_side(name: str, prepared: Prepare) -> None:
    """The parts together are the table, and no id is in both."""
    paths = prepared(name)
    schema = datasets.PROBLEMS[name]().schema
    train, holdout = parts(paths)
    ids = [*train[schema.id], *holdout[schema.id]]
    assert sorted(ids) == sorted(pq.read_table(paths.table)[schema.id].to_pylist())
    assert len(set(ids)) == len(ids)
    facts = json.loads(paths.split.read_text(encoding="utf-8"))
    assert (facts["train_rows"], facts["holdout_rows"]) == (len(train), len(holdout))
    assert facts["train_sha256"] == files.sha256(paths.train)
    assert facts["holdout_sha256"] == files.sha256(paths.holdout)
    assert facts["table_sha256"] == files.sha256(paths.table)


@pytest.mark.parametrize("method", ["id", "group", "time"])
def test_the_written_rule_finds_the_holdout_again(paths: Paths, method: str) -> None:
    """split.json alone says of any row whether it was held out."""
    datasets.change_params(paths, split__method=method)
    datasets.run_stages(paths, "split")
    rule = json.loads(paths.split.read_text(encoding="utf-8"))["rule"]
    train, holdout = parts(paths)
    assert not held_out(rule, train[rule["column"]].to_numpy()).any()
    assert held_out(rule, holdout[rule["column"]].to_numpy()).all()
    assert 0.15 < len(holdout) / (len(train) + len(holdout)) < 0.5  # 60 groups spread wider


def test_a_group_is_on_one_side(paths: Paths) -> None:
    """By group, all rows of a group are trained on or all are held out."""
    datasets.change_params(paths, split__method="group")
    datasets.run_stages(paths, "split")
    train, holdout = parts(paths)
    assert not set(train["shop"]) & set(holdout["shop"])


def test_by_time_the_newest_rows_are_held_out(paths: Paths) -> None:
    """No held-out row is as old as a training row."""
    datasets.change_params(paths, split__method="time")
    datasets.run_stages(paths, "split")
    train, holdout = parts(paths)
    assert train["placed"].max() < holdout["placed"].min()


def test_rows_that_come_later_move_none_that_are_there(paths: Paths, tmp_path: Path) -> None:
    """After the table grew and was shuffled, every old row is on the side it was on."""
    before = set(parts(paths)[1]["box"])
    grown = copy(paths, tmp_path / "grown")
    source = grown.raw / "boxes.csv"
    table = pd.read_csv(source, dtype=str, keep_default_na=False)
    more = table.assign(box="new" + table["box"])
    pd.concat([table, more]).sample(frac=1, random_state=1).to_csv(source, index=False)
    datasets.run_stages(grown, "ingest", "validate", "split")
    after = set(parts(grown)[1]["box"])
    assert {name for name in after if not name.startswith("new")} == before
    assert len(after) > len(before)


def test_another_salt_is_another_holdout(paths: Paths) -> None:
    """The salt alone changes who is held out."""
    before = set(parts(paths)[1]["box"])
    datasets.change_params(paths, split__salt="other")
    datasets.run_stages(paths, "split")
    assert set(parts(paths)[1]["box"]) != before


def test_a_small_holdout_stops(paths: Paths) -> None:
    """Fewer rows than asked for are refused; what was there stays."""
    before = paths.split.read_bytes()
    datasets.change_params(paths, split__min_holdout_rows=800)
    with pytest.raises(SplitError, match="expected at least 800 held out"):
        datasets.run_stages(paths, "split")
    assert paths.split.read_bytes() == before


@pytest.mark.parametrize(("column", "part"), [("train", "training rows"), ("holdout", "holdout")])
def test_a_side_without_a_class_stops(paths: Paths, column: str, part: str) -> None:
    """Where one class is on one side only, the message names the class and the side."""
    sides = dict(zip(("train", "holdout"), parts(paths), strict=True))
    source = paths.raw / "boxes.csv"
    table = pd.read_csv(source, dtype=str, keep_default_na=False)
    table["kept"] = np.where(table["box"].isin(sides[column]["box"]), "no", table["kept"])
    table.to_csv(source, index=False)
    with pytest.raises(SplitError, match=f"the {part} have no row of the class `yes`"):
        datasets.run_stages(paths, "ingest", "validate", "split")


def test_a_method_needs_its_column(prepared: Prepare, tmp_path: Path) -> None:
    """A split by group of a table without groups is a parameter that cannot be."""
    paths = copy(prepared("wine"), tmp_path / "wine")
    datasets.change_params(paths, split__method="group")
    with pytest.raises(ParameterError, match="`split.method` is `group`"):
        datasets.run_stages(paths, "split")


def test_a_table_that_was_not_validated_stops(paths: Paths) -> None:
    """One changed byte of the table after validation is an integrity error; none is missing."""
    content = paths.table.read_bytes()
    paths.table.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
    with pytest.raises(IntegrityError, match="table.parquet` has the digest"):
        datasets.run_stages(paths, "split")
    paths.validation.unlink()
    with pytest.raises(MissingError, match="validation.json` is missing"):
        datasets.run_stages(paths, "split")


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"success": true}'])
def test_a_result_that_says_nothing_stops(paths: Paths, content: str) -> None:
    """A validation.json without its verdict or its digest is no validation."""
    paths.validation.write_text(content, encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"validation\.json`"):
        datasets.run_stages(paths, "split")


def test_two_runs_write_the_same_bytes(paths: Paths) -> None:
    """The same table and rule give identical files."""
    written = (paths.train, paths.holdout, paths.split)
    before = [path.read_bytes() for path in written]
    datasets.run_stages(paths, "split")
    assert [path.read_bytes() for path in written] == before
