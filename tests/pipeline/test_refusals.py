"""Bad data, bad parameters, changed files: the real command ends with words and changes nothing."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from contender import files
from contender.paths import Paths
from tests import datasets
from tests.pipeline.projects import contender, copy, outputs
from tests.pipeline.spoiling import (
    Spoil,
    cell,
    cells,
    flipped,
    one_sided,
    params,
    raw,
    rules,
    table,
    text,
    then,
)


@dataclass(frozen=True)
class Case:
    """What is spoilt, the stage that is run then, the error, and words its message has."""

    name: str
    spoil: Spoil
    error: str
    said: tuple[str, ...]
    stage: str = "ingest"
    changes: tuple[str, ...] = field(default=())  # outputs that the stage may replace


DATA = [
    Case("missing", lambda p: (p.raw / "boxes.csv").unlink(), "DataError", ("is missing",)),
    Case("0 bytes", raw(lambda _: b""), "DataError", ("empty (0 bytes)",)),
    Case("header only", raw(lambda b: b[: b.index(b"\n") + 1]), "DataError", ("no rows",)),
    Case(
        "truncated", raw(lambda b: b[: len(b) // 2]), "DataError", ("Expected 11 columns, got 10",)
    ),
    Case(
        "other delimiter",
        raw(lambda b: b.replace(b",", b";")),
        "DataError",
        ("has one column", "ingest.delimiter"),
    ),
    Case(
        "latin-1",
        raw(lambda b: b.decode().encode("latin-1")),
        "DataError",
        ("is not utf-8", "near line", "ingest.encoding"),
    ),
    Case(
        "cut in a character",
        raw(lambda b: b[: b.rindex("é".encode()) + 1]),
        "DataError",
        ("is not utf-8: unexpected end of data",),
    ),
    Case("binary", raw(lambda _: bytes(range(256)) * 9), "DataError", ("is not utf-8",)),
    Case(
        "text for a number", cell("weight", "heavy"), "CellError", ("`weight`", "`heavy` in row 4")
    ),
    Case("fraction", cell("items", "2.5"), "CellError", ("`items`", "`2.5` in row 4", "whole")),
    Case("inf", cell("weight", "inf"), "CellError", ("`weight`", "`inf` in row 4", "finite")),
    Case("1e999", cell("weight", "1e999"), "CellError", ("`weight`", "in row 4", "finite")),
    Case(
        "no boolean", cell("express", "perhaps"), "CellError", ("`express`", "`perhaps` in row 4")
    ),
    Case("no time", cell("placed", "soon"), "CellError", ("`placed`", "`soon` in row 4")),
    Case("duplicate id", cell("box", "b00001"), "DataError", ("`box`", "the first `b00001`")),
    Case("missing id", cell("box", ""), "CellError", ("`box`", "not an id", "row 4")),
    Case(
        "missing column",
        cells(lambda t: t.drop(columns=["weight", "gift"])),
        "DataError",
        ("missing: `weight, gift`",),
    ),
    Case("unknown column", cells(lambda t: t.assign(x="1")), "DataError", ("unknown: `x`",)),
    Case(
        "duplicate column",
        raw(lambda b: b.replace(b"items,", b"weight,", 1)),
        "DataError",
        ("missing: `items`", "given twice: `weight`"),
    ),
    Case(
        "unknown encoding",
        params(ingest__encoding="klingon"),
        "DataError",
        ("`klingon` is unknown",),
    ),
    Case("odd delimiter", params(ingest__delimiter="§"), "DataError", ("delimiter `§`",)),
]

VALIDATION = [
    Case(
        "unknown category",
        then(cell("region", "west"), lambda p: datasets.run_stages(p, "ingest")),
        "ValidationError",
        ("`region`", "1 unexpected (west)", "data_docs/index.html"),
        "validate",
        ("reports/validation.json", "reports/data_docs"),
    ),
    Case(
        "missing column for an expectation",
        rules(lambda r: [*r, r[2] | {"kwargs": {"column": "nowhere"}, "severity": "warning"}]),
        "ValidationError",
        ("`nowhere`", "an exception while checking"),
        "validate",
        ("reports/validation.json", "reports/data_docs"),
    ),
    Case(
        "all null",
        table(lambda t: t.assign(weight=np.nan)),
        "ValidationError",
        ("all values of `weight` are missing",),
        "validate",
        ("reports/validation.json",),
    ),
    Case(
        "too small",
        table(lambda t: t.head(3)),
        "ValidationError",
        ("3 rows; expected at least 50",),
        "validate",
        ("reports/validation.json",),
    ),
    Case(
        "empty suite",
        rules(lambda _: []),
        "ValidationError",
        ("holds no expectation",),
        "validate",
        ("reports/validation.json",),
    ),
    Case(
        "no suite",
        lambda p: p.expectations.unlink(),
        "MissingError",
        ("expectations.json", "make expectations"),
        "validate",
    ),
]

PARAMETERS = [
    Case(
        "no params", lambda p: p.params.unlink(), "ParameterError", ("params.yaml", "git checkout")
    ),
    Case("not YAML", text("params.yaml", lambda s: s + "\n]["), "ParameterError", ("as YAML",)),
    Case("NaN", params(split__holdout=float("nan")), "ParameterError", ("`split.holdout`",)),
    Case("unknown key", params(split__colour=1), "ParameterError", ("`split.colour`", "extra")),
    Case("no schema", lambda p: p.schema.unlink(), "SchemaError", ("schema.yaml",)),
    Case(
        "unknown estimator",
        params(train__estimator="oracle"),
        "ParameterError",
        ("`oracle` is unknown", "random_forest"),
        "train",
    ),
    Case(
        "unknown hyperparameter",
        params(train__hyperparameters__hist_gradient_boosting__depth=2),
        "ParameterError",
        ("'depth'",),
        "train",
    ),
    Case(
        "impossible hyperparameter",
        params(train__hyperparameters__hist_gradient_boosting__max_iter=-1),
        "ParameterError",
        ("max_iter", "Got -1 instead"),
        "train",
    ),
    Case(
        "holdout without a class",
        then(one_sided, lambda p: datasets.run_stages(p, "ingest", "validate")),
        "SplitError",
        ("the holdout have no row of the class `yes`", "split.salt"),
        "split",
    ),
]

TAMPERED = [
    Case(
        f"{stage}: {file}",
        flipped(file),
        "IntegrityError",
        (f"`{file}` has the digest", f"rm -f {file}"),
        stage,
    )
    for stage, file in (
        ("split", "data/interim/table.parquet"),
        ("train", "data/prepared/train.parquet"),
        ("evaluate", "data/prepared/holdout.parquet"),
        ("evaluate", "models/model.onnx"),
        ("evaluate", "models/estimator.skops"),
    )
] + [
    Case(
        "evaluate: manifest",
        lambda p: p.manifest.write_bytes(p.manifest.read_bytes()[:-9]),
        "IntegrityError",
        ("manifest.json` is not JSON",),
        "evaluate",
    ),
    Case(
        "evaluate: digest in the manifest",
        lambda p: p.manifest.write_text(
            p.manifest.read_text("utf-8").replace(files.sha256(p.model), "0" * 64), "utf-8"
        ),
        "IntegrityError",
        ("model.onnx` has the digest",),
        "evaluate",
    ),
    Case(
        "validate: table",
        lambda p: p.table.write_bytes(p.table.read_bytes()[:-9]),
        "IntegrityError",
        ("table.parquet` cannot be read",),
        "validate",
        ("reports/validation.json",),
    ),
]


@pytest.mark.parametrize(
    "case", [*DATA, *VALIDATION, *PARAMETERS, *TAMPERED], ids=lambda case: case.name
)
def test_it_is_refused_with_words(case: Case, finished: Paths, tmp_path: Path) -> None:
    """One error of its own kind, with what, where and what next; every other file is as it was."""
    paths = copy(finished, tmp_path / "boxes")
    case.spoil(paths)
    before = outputs(paths.root)
    said = contender(paths, case.stage)
    assert (said.code, said.error) == (1, case.error), said.err
    assert "Traceback" not in said.err
    assert "\n\nhint: " in said.err
    for words in case.said:
        assert words in said.err
    after = outputs(paths.root)
    different = {name for name in before | after if before.get(name) != after.get(name)}
    assert all(name.startswith(case.changes) for name in different), different


def test_a_failed_validation_can_be_looked_at(finished: Paths, tmp_path: Path) -> None:
    """The result and Data Docs of the failure are there, and no later stage goes on from it."""
    paths = copy(finished, tmp_path / "boxes")
    VALIDATION[0].spoil(paths)
    contender(paths, "validate")
    result = json.loads(paths.validation.read_text(encoding="utf-8"))
    assert not result["success"]
    assert any("west" in page.read_text("utf-8") for page in paths.data_docs.rglob("*.html"))
    assert contender(paths, "split").error == "IntegrityError"
