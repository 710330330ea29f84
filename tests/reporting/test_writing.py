"""Files in, files out: what is missing is told, what is broken is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from contender import files
from contender.errors import IntegrityError, MissingError, WriteError
from contender.paths import Paths
from contender.release.gate.decision import Verdict
from contender.reporting.loader import load_material, load_results
from contender.reporting.writing import write_plots, write_reports
from tests.reporting.material import make_decision, make_results
from tests.reporting.pages import Page


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A folder in which every stage and the gate have run."""
    found = Paths(tmp_path, tmp_path)
    results = make_results()
    assert results.manifest and results.validation and results.explanations
    assert results.slices and results.gaps
    values: dict[Path, Any] = {
        found.decision: make_decision().model_dump(mode="json"),
        found.manifest: results.manifest.model_dump(mode="json", by_alias=True) | {"more": 1},
        found.metrics: dict(results.metrics or {}),
        found.validation: results.validation.model_dump(mode="json") | {"table_sha256": "0"},
        found.slices: {"slices": [part.model_dump(mode="json") for part in results.slices]},
        found.fairness: {"groups": [], "gaps": [gap.model_dump() for gap in results.gaps]},
        found.explanations: results.explanations.model_dump(mode="json", by_alias=True),
    }
    for path, value in values.items():
        files.write_json(path, value)
    for name, curve in results.curves.items():
        lines = [curve.columns, *zip(*curve.columns.values(), strict=True)]
        text = "\n".join(",".join(map(str, line)) for line in lines)
        files.write_text(found.curves / f"{name}.csv", text + "\n")
    return found


def test_what_was_written_is_read_back(paths: Paths) -> None:
    """Every value of every file arrives as it was."""

    material = load_material(paths)

    assert material.decision == make_decision()
    assert material.results == make_results()


def test_reports_are_written(paths: Paths) -> None:
    """The page, the card and every plot; a second time the same bytes."""

    written = write_reports(paths)
    first = {path: path.read_bytes() for path in written}

    assert set(written) == {paths.report, paths.card, *paths.plots.glob("*.svg")}
    assert len(written) == 9
    assert "PROMOTE" in Page(paths.report.read_text(encoding="utf-8")).text
    assert {path: path.read_bytes() for path in write_reports(paths)} == first


def test_plots_need_no_decision(paths: Paths) -> None:
    """They can be logged with the model before it is judged; older ones do not stay."""

    paths.decision.unlink()
    files.write_text(paths.plots / "differences.svg", "of another model")

    written = write_plots(paths)

    assert {path.stem for path in written} == {path.stem for path in paths.plots.iterdir()}
    assert "differences" not in {path.stem for path in written}


def test_without_a_decision_there_is_no_report(paths: Paths) -> None:
    """The error names the command that decides."""

    paths.decision.unlink()

    with pytest.raises(MissingError, match="contender gate"):
        write_reports(paths)
    assert not paths.report.exists()


def test_a_decision_alone_is_reported(paths: Paths) -> None:
    """Every other file may be missing."""

    for path in paths.work.rglob("*.*"):
        if path.is_file() and path != paths.decision:
            path.unlink()

    assert load_material(paths).results == load_results(paths)
    assert {path.name for path in write_reports(paths)} == {
        "report.html",
        "MODEL_CARD.md",
        "differences.svg",
    }


@pytest.mark.parametrize(
    "name",
    ["decision", "manifest", "metrics", "validation", "slices", "fairness", "explanations"],
)
@pytest.mark.parametrize("content", ["", "{}x", "[]", '"text"', '{"slices": "x"}', "null"])
def test_garbage_is_refused_by_name(paths: Paths, name: str, content: str) -> None:
    """A file that holds something else never becomes an empty section."""

    path: Path = getattr(paths, name)
    path.write_text(content, encoding="utf-8")

    with pytest.raises(IntegrityError, match=path.name):
        load_material(paths)


@pytest.mark.parametrize("name", ["decision", "manifest", "validation", "explanations"])
def test_an_entry_that_is_missing_is_refused_by_name(paths: Paths, name: str) -> None:
    """Each entry a report shows must be there."""

    path: Path = getattr(paths, name)
    value = json.loads(path.read_text(encoding="utf-8"))
    lost = {"decision": "checks", "manifest": "split", "validation": "success"}.get(name, "unit")
    files.write_json(path, {key: item for key, item in value.items() if key != lost})

    with pytest.raises(IntegrityError, match=lost):
        load_material(paths)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused(paths: Paths, number: str) -> None:
    """JSON that Python reads as NaN or infinity is no measurement."""

    paths.metrics.write_text(f'{{"f1": {number}}}', encoding="utf-8")

    with pytest.raises(IntegrityError, match="f1"):
        load_results(paths)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "recall\n0.1\n",
        "false_positive_rate,true_positive_rate\n0.1\n",
        "false_positive_rate,true_positive_rate\n0.1,nan\n",
        "false_positive_rate,true_positive_rate\n0.1,inf\n",
        "false_positive_rate,true_positive_rate\n0.1,x\n",
        'false_positive_rate,true_positive_rate\n0.1,"x\n',
        "\N{REPLACEMENT CHARACTER}\0\0",
    ],
)
def test_a_curve_that_cannot_be_drawn_is_refused_by_name(paths: Paths, content: str) -> None:
    """Empty, truncated, without a column, or with a number that is none."""

    (paths.curves / "roc.csv").write_text(content, encoding="utf-8")

    with pytest.raises(IntegrityError, match=r"roc\.csv"):
        load_results(paths)


def test_a_decision_about_another_model_is_refused(paths: Paths) -> None:
    """After training again the gate must run again before there is a report."""

    manifest = json.loads(paths.manifest.read_text(encoding="utf-8"))
    manifest["model"]["sha256"] = "99" * 32
    files.write_json(paths.manifest, manifest)

    with pytest.raises(IntegrityError, match="999999999999"):
        write_reports(paths)


def test_an_error_about_another_model_is_reported(paths: Paths) -> None:
    """That the model is another one can be the very reason of the ERROR."""

    digests = make_decision().digests
    assert digests
    other = digests.model_copy(update={"challenger": "99" * 32})
    decision = make_decision(Verdict.ERROR, digests=other)
    files.write_json(paths.decision, decision.model_dump(mode="json"))

    assert load_material(paths).decision == decision


def test_a_report_that_cannot_be_written_leaves_the_old_one(paths: Paths) -> None:
    """The card's place is taken by a folder: the error says so, nothing else is lost."""

    write_reports(paths)
    paths.card.unlink()
    (paths.card / "inside").mkdir(parents=True)

    with pytest.raises(WriteError, match=r"MODEL_CARD\.md"):
        write_reports(paths)
    assert "PROMOTE" in paths.report.read_text(encoding="utf-8")
