"""The shell of the gate, with real files and real models: what it finds, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from contender import files
from contender.errors import MissingError
from contender.paths import Paths
from contender.release.gate.decision import Decision, Outcome, Verdict
from contender.release.verdict import render_schema
from tests import datasets
from tests.release.gate import cases
from tests.release.gate.cases import codes, find
from tests.release.workspace import (
    AGAINST_THE_ORDER,
    GOOD,
    POOR,
    RULE,
    Workspace,
    make_model,
    make_schema,
    make_table,
    make_workspace,
    seal,
)


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A work tree with a good challenger."""
    return make_workspace(tmp_path)


def test_a_first_model_is_judged_against_the_baselines(place: Workspace) -> None:
    """And the decision is written as it is returned."""
    decision = place.judge()

    assert decision.verdict is Verdict.BOOTSTRAP
    written = files.read_json(place.paths.decision, made_by="a test")
    assert Decision.model_validate(written) == decision
    assert decision.digests.challenger == files.sha256(place.paths.model)
    assert decision.digests.holdout == files.sha256(place.paths.holdout)
    assert decision.digests.champion is None


def test_a_better_challenger_takes_the_place_of_a_champion(place: Workspace) -> None:
    """All families of checks were asked."""
    decision = place.judge(champion=place.champion(POOR), provisional=True, look=2)

    assert decision.verdict is Verdict.PROMOTE, decision.summary
    families = {check.family for check in decision.checks}
    assert families == {"quality", "calibration", "slice", "fairness", "cost", "behaviour"}
    assert (decision.provisional, decision.holdout.look) == (True, 2)


def test_a_worse_challenger_is_rejected(tmp_path: Path) -> None:
    """The same two models the other way round."""
    place = make_workspace(tmp_path, POOR)

    assert place.judge(champion=place.champion(GOOD)).verdict is Verdict.REJECT


def test_the_same_files_give_the_same_bytes(place: Workspace) -> None:
    """What was measured is remembered beside the decision."""
    champion = place.champion(POOR)
    place.judge(champion=champion)
    first = place.paths.decision.read_bytes()

    place.judge(champion=champion)

    assert place.paths.decision.read_bytes() == first
    assert {"latency_p95_ms", "memory_mb", "size_mb"} == {
        cost["name"] for cost in json.loads(place.paths.cost.read_text())["costs"]
    }


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"models": [], "costs": []}'])
def test_costs_of_other_models_or_garbage_are_measured_again(
    place: Workspace, content: str
) -> None:
    """A file that does not name these models is not believed."""
    files.write_text(place.paths.cost, content)

    decision = place.judge()

    assert decision.verdict is Verdict.BOOTSTRAP
    assert {cost.name for cost in decision.cost} == {"latency_p95_ms", "memory_mb", "size_mb"}


def test_a_model_ten_times_as_large_is_rejected(tmp_path: Path) -> None:
    """The bytes are counted, not what somebody says of them."""
    place = make_workspace(tmp_path, make_model(2.0, padding=9 * len(GOOD)))

    decision = place.judge(champion=place.champion(POOR))

    assert find(decision, "cost-exceeded").subject == "size_mb"
    assert decision.verdict is Verdict.REJECT


def flip(path: Path) -> None:
    """Change one byte."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("models/model.onnx", "model-digest"),
        ("models/baseline.onnx", "baseline-digest"),
        ("data/prepared/holdout.parquet", "holdout-digest"),
        ("data/prepared/train.parquet", "train-digest"),
        ("champion/model.onnx", "champion-digest"),
        ("anchor/model.onnx", "anchor-digest"),
    ],
)
def test_one_byte_is_enough(place: Workspace, name: str, code: str) -> None:
    """No model is run, nothing is estimated, and the decision says so in a file."""
    folders = {"champion": place.champion(POOR), "anchor": place.champion(POOR, "anchor")}
    flip(place.paths.work / name)

    decision = place.judge(**folders)

    assert decision.verdict is Verdict.ERROR
    assert set(codes(decision)) == {code}
    assert decision.estimates == ()
    assert not place.paths.cost.exists()
    assert json.loads(place.paths.decision.read_text())["verdict"] == "ERROR"


def test_a_holdout_of_another_split_is_refused(place: Workspace) -> None:
    """split.json and manifest must name the same rows."""
    split = files.read_json(place.paths.split, made_by="a test")
    files.write_json(place.paths.split, split | {"holdout_sha256": "1" * 64})

    assert codes(place.judge()) == ["holdout-digest"]


def test_another_schema_is_refused(place: Workspace) -> None:
    """The challenger was trained under the one in its manifest."""
    changed = replace(place, schema=make_schema(size={"unit": "kg"}))

    assert codes(changed.judge()) == ["schema-digest"]


@pytest.mark.parametrize("name", ["models/manifest.json", "data/prepared/split.json"])
@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": 1}'])
def test_garbage_in_a_manifest_is_an_error(place: Workspace, name: str, content: str) -> None:
    """It names the file."""
    (place.paths.work / name).write_text(content)

    decision = place.judge()

    assert (decision.verdict, codes(decision)) == (Verdict.ERROR, ["integrity-error"])
    assert Path(name).name in decision.summary


@pytest.mark.parametrize(
    "name",
    [
        "models/model.onnx",
        "models/manifest.json",
        "models/baseline.onnx",
        "data/prepared/holdout.parquet",
        "data/prepared/train.parquet",
        "data/prepared/split.json",
        "champion/model.onnx",
        "champion/manifest.json",
    ],
)
def test_a_missing_file_is_no_verdict(place: Workspace, name: str) -> None:
    """Least of all "no champion": nothing is written."""
    champion = place.champion(POOR)
    (place.paths.work / name).unlink()

    with pytest.raises(MissingError, match=Path(name).name):
        place.judge(champion=champion)

    assert not place.paths.decision.exists()


def rewrite(path: Path, table: pa.Table) -> None:
    """Put other rows into the file."""
    pq.write_table(table, path)


def test_rows_that_were_trained_on_are_found(place: Workspace) -> None:
    """Three rows of the holdout, with digests that agree."""
    holdout = pq.read_table(place.paths.holdout)
    train = pq.read_table(place.paths.train)
    rewrite(place.paths.train, pa.concat_tables([train, holdout.slice(5, 3)]))
    seal(place.paths, place.schema)

    decision = place.judge()

    assert codes(decision) == ["rows-shared"]
    assert decision.summary.startswith("3 holdout rows")


def test_an_empty_holdout_is_an_error(place: Workspace) -> None:
    """No rows, with digests that agree."""
    rewrite(place.paths.holdout, pq.read_table(place.paths.holdout).slice(0, 0))
    seal(place.paths, place.schema)

    decision = place.judge()

    assert (decision.verdict, codes(decision)) == (Verdict.ERROR, ["data-error"])
    assert "`0` rows" in decision.summary


@pytest.mark.parametrize("column", ["key", "answer", "size", "kind"])
def test_a_holdout_without_a_column_is_an_error(place: Workspace, column: str) -> None:
    """Id, target or feature, with digests that agree."""
    rewrite(place.paths.holdout, pq.read_table(place.paths.holdout).drop_columns(column))
    seal(place.paths, place.schema)

    decision = place.judge()

    assert (decision.verdict, codes(decision)) == (Verdict.ERROR, ["data-error"])
    assert f"`{column}`" in decision.summary


def test_a_holdout_that_is_no_table_is_an_error(place: Workspace) -> None:
    """Garbage, with digests that agree."""
    place.paths.holdout.write_bytes(b"PAR1 and nothing else")
    seal(place.paths, place.schema)

    assert codes(place.judge()) == ["integrity-error"]


def test_a_holdout_of_one_class_is_an_error(place: Workspace) -> None:
    """Nothing can be ranked."""
    holdout = pq.read_table(place.paths.holdout)
    rewrite(place.paths.holdout, holdout.filter(pc.equal(holdout["answer"], "no")))
    seal(place.paths, place.schema)

    assert codes(place.judge()) == ["class-missing"]


def test_a_prediction_that_is_not_finite_is_an_error(tmp_path: Path) -> None:
    """For the challenger, and for the champion."""
    broken = make_model(float("nan"))
    first = make_workspace(tmp_path / "first", broken)
    second = make_workspace(tmp_path / "second")

    for decision in (first.judge(), second.judge(champion=second.champion(broken))):
        assert (decision.verdict, codes(decision)) == (Verdict.ERROR, ["prediction-error"])


def test_bytes_that_are_no_model_are_an_error(tmp_path: Path) -> None:
    """Even with the right digest."""
    place = make_workspace(tmp_path, b"not a graph")

    assert codes(place.judge()) == ["integrity-error"]


def test_a_model_that_looks_at_other_rows_is_rejected(tmp_path: Path) -> None:
    """Its predictions change when a row is alone."""
    place = make_workspace(tmp_path, make_model(2.0, nodes=AGAINST_THE_ORDER))

    decision = place.judge(champion=place.champion(POOR))

    broken = [check.subject for check in decision.checks if check.code == "behaviour-broken"]
    assert "rows one by one" in broken
    assert decision.verdict is Verdict.REJECT


def test_a_model_against_a_declared_direction_is_rejected(tmp_path: Path) -> None:
    """`size` is monotone in the schema, and the model likes small ones."""
    place = make_workspace(tmp_path, make_model(-2.0))

    broken = find(place.judge(), "behaviour-broken")

    assert broken.subject == "a higher size"
    assert broken.outcome is Outcome.REJECT


def test_a_column_without_values_cannot_be_raised(tmp_path: Path) -> None:
    """No row of the holdout has a size: skipped, with the reason."""
    table = make_table()
    nothing = pa.nulls(len(table), pa.float64())
    table = table.set_column(table.column_names.index("size"), "size", nothing)

    decision = make_workspace(tmp_path, table=table).judge()

    assert find(decision, "nothing-to-change").subject == "a higher size"
    assert decision.verdict is not Verdict.BOOTSTRAP


@pytest.mark.parametrize(
    ("rule", "rows"),
    [({"salt": "another"}, (250, 390)), ({"holdout": 1.0 - 1e-9}, (750, 850))],
)
def test_rows_the_champions_split_trained_on_are_left_out(
    place: Workspace, rule: dict[str, Any], rows: tuple[int, int]
) -> None:
    """By the rule in its own manifest, whatever the split is today."""
    split = files.read_json(place.paths.split, made_by="a test")
    champion = place.champion(POOR, split=split | {"rule": RULE | rule})

    use = place.judge(champion=champion).holdout

    assert use.rows == pq.read_metadata(place.paths.holdout).num_rows
    assert rows[0] <= use.judged_rows <= rows[1]


def test_a_champion_that_has_seen_the_whole_holdout_holds(place: Workspace) -> None:
    """Its split held nothing of it out."""
    split = files.read_json(place.paths.split, made_by="a test")
    champion = place.champion(POOR, split=split | {"rule": RULE | {"holdout": 1e-9}})

    decision = place.judge(champion=champion)

    assert (decision.verdict, codes(decision)) == (Verdict.HOLD, ["too-few-rows"])


def test_a_champion_whose_split_cannot_be_followed_is_an_error(place: Workspace) -> None:
    """The column it was split by is gone."""
    split = files.read_json(place.paths.split, made_by="a test")
    champion = place.champion(POOR, split=split | {"rule": RULE | {"column": "gone"}})

    decision = place.judge(champion=champion)

    assert (decision.verdict, codes(decision)) == (Verdict.ERROR, ["data-error"])
    assert "`gone`" in decision.summary


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"features": {"size": "number", "weight": "number"}}, "weight"),
        ({"features": {"size": "text"}}, "size"),
        ({"classes": ["no", "perhaps"]}, "perhaps"),
        ({"task": "regression", "classes": []}, "regression"),
    ],
)
def test_a_champion_that_cannot_score_these_rows_is_an_error(
    place: Workspace, facts: dict[str, Any], reason: str
) -> None:
    """Another feature, another kind of it, other classes, another task."""
    decision = place.judge(champion=place.champion(POOR, **facts))

    assert (decision.verdict, codes(decision)) == (Verdict.ERROR, ["champion-unfit"])
    assert f"`{reason}" in decision.summary or reason in decision.summary


def test_the_same_file_as_the_champions_is_identical(place: Workspace) -> None:
    """Even when its split was another one."""
    assert codes(place.judge(champion=place.champion(GOOD))) == ["identical"]


def test_an_exhausted_holdout_holds(place: Workspace) -> None:
    """Whatever is there to be seen."""
    assert codes(place.judge(champion=place.champion(POOR), look=21)) == ["holdout-exhausted"]


def test_refresh_looks_at_the_anchor(tmp_path: Path) -> None:
    """Not worse than a poor champion, but worse than the best ever promoted."""
    place = make_workspace(tmp_path, make_model(0.004), gate={"mode": "refresh", "epsilon": 0.05})
    champion = place.champion(POOR)

    alone = place.judge(champion=champion)
    reminded = place.judge(champion=champion, anchor=place.champion(GOOD, "anchor"))

    assert find(alone, "proven-not-worse") and find(alone, "anchor-not-needed")
    assert find(reminded, "proven-not-worse") and find(reminded, "anchor-not-held")
    assert reminded.verdict is not Verdict.PROMOTE


def test_slices_and_groups_are_those_of_the_schema(place: Workspace) -> None:
    """Missing values are a slice, and belong to no group."""
    decision = place.judge(champion=place.champion(POOR))

    assert [(part.column, part.level, part.critical) for part in decision.slices] == [
        ("kind", "", True), ("kind", "new", True), ("kind", "old", True)
    ]  # fmt: skip
    assert {finding.column for finding in decision.fairness} == {"kind"}
    assert [group.level for group in decision.fairness[0].groups] == ["new", "old"]
    assert find(decision, "group-missing")


def test_rows_of_one_group_are_judged_together(tmp_path: Path) -> None:
    """Where the schema gives a column that role."""
    schema = make_schema(place={"role": "group"})

    place = make_workspace(tmp_path, schema=schema)
    decision = place.judge(champion=place.champion(POOR))

    assert all(estimate.method.endswith("-by-group") for estimate in decision.estimates)


def test_groups_on_both_sides_of_a_split_by_group_are_shared_rows(tmp_path: Path) -> None:
    """Though no id is."""
    schema = make_schema(place={"role": "group"})
    place = make_workspace(tmp_path, schema=schema)
    manifest = files.read_json(place.paths.manifest, made_by="a test")
    manifest["split"]["rule"] |= {"method": "group", "column": "place"}
    files.write_json(place.paths.manifest, manifest)

    assert codes(place.judge()) == ["rows-shared"]


def test_the_rows_are_judged_by_the_rules_of_params(place: Workspace) -> None:
    """A floor that nothing reaches, and a primary metric that is none."""
    strict = place.params.model_copy(update={"gate": cases.gate(floors={"roc_auc": 0.999})})
    wrong = place.params.model_copy(update={"gate": cases.gate(primary="rmse")})

    assert find(replace(place, params=strict).judge(), "floor-missed")
    assert codes(replace(place, params=wrong).judge()) == ["primary-unknown"]


def test_digests_name_everything_the_decision_rests_on(place: Workspace) -> None:
    """Other parameters, another digest of them; the code of the gate keeps its own."""
    other = place.params.model_copy(update={"gate": cases.gate(alpha=0.01)})

    first, second = place.judge().digests, replace(place, params=other).judge().digests

    assert first.gate_parameters != second.gate_parameters
    assert first.gate_code == second.gate_code
    assert all(len(digest) == 64 for digest in first.model_dump(exclude={"champion"}).values())


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "diabetes", "boxes"])
def test_every_task_goes_from_raw_data_to_a_verdict(name: str, tmp_path: Path) -> None:
    """Through the real stages, real models and all."""
    paths = datasets.PROBLEMS[name]().write(tmp_path / name)
    decision = _judge_first(paths)

    assert decision.verdict is not Verdict.ERROR, decision.summary
    assert find(decision, "beats-constant")
    assert len(decision.estimates) >= 4
    Draft202012Validator(json.loads(render_schema())).validate(decision.model_dump(mode="json"))


def _judge_first(paths: Paths) -> Decision:
    """The first decision after the stages that it needs."""
    from contender.params import load_params
    from contender.problem.schema import load_schema

    datasets.run_stages(paths, "ingest")
    table = {"success": True, "table_sha256": files.sha256(paths.table)}
    files.write_json(paths.validation, table)
    datasets.run_stages(paths, "split", "train")
    return Workspace(paths, load_schema(paths.schema), load_params(paths.params)).judge()


def test_the_committed_schema_is_current(place: Workspace) -> None:
    """And real decisions are what it says."""
    committed = datasets.ROOT / "docs/reference/decision.schema.json"

    assert committed.read_text(encoding="utf-8") == render_schema()
    schema = json.loads(render_schema())
    Draft202012Validator.check_schema(schema)
    place.judge(champion=place.champion(POOR))
    Draft202012Validator(schema).validate(json.loads(place.paths.decision.read_text()))


def test_rare_numbers_do_not_change_what_is_written(place: Workspace) -> None:
    """Ten significant digits, no NaN, keys in order."""
    place.judge(champion=place.champion(POOR))

    text = place.paths.decision.read_text(encoding="utf-8")

    assert text == files.to_json(json.loads(text))
    numbers = [value for value in _floats(json.loads(text)) if value != 0]
    assert numbers and all(float(f"{value:.10g}") == value for value in numbers)
    assert np.isfinite(numbers).all()


def _floats(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for each in value.values() for number in _floats(each)]
    if isinstance(value, list):
        return [number for each in value for number in _floats(each)]
    return [value] if isinstance(value, float) else []
