"""Bad data, bad parameters, changed files: the real command ends with words, and changes nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contender import files
from contender.paths import Paths
from tests import datasets
from tests.pipeline.projects import contender, copy, copy_source, outputs

Spoil = Callable[[Paths], object]


@dataclass(frozen=True)
class Case:
    """What is spoilt, the stage that is run then, the error, and words its message has."""

    name: str
    spoil: Spoil
    error: str
    said: tuple[str, ...]
    stage: str = "ingest"
    changes: tuple[str, ...] = field(default=())  # outputs that the stage may replace


def raw(change: Callable[[bytes], bytes]) -> Spoil:
    """Change the bytes of the raw file."""

    def spoil(paths: Paths) -> None:
        source = paths.raw / "boxes.csv"
        source.write_bytes(change(source.read_bytes()))

    return spoil


def cells(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Spoil:
    """Change the raw table, all cells as text."""

    def spoil(paths: Paths) -> None:
        source = paths.raw / "boxes.csv"
        change(pd.read_csv(source, dtype=str, keep_default_na=False)).to_csv(source, index=False)

    return spoil


def cell(column: str, value: str, row: int = 4) -> Spoil:
    """Change one cell; rows are counted from 1, as messages do."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row - 1, column] = value
        return table

    return cells(change)


def params(**changes: Any) -> Spoil:
    """Change parameters, to possible values or not."""
    dotted = {name.replace("__", "."): value for name, value in changes.items()}

    def spoil(paths: Paths) -> None:
        content = datasets.changed(datasets.read_yaml(paths.params), dotted)
        datasets.dump_yaml(paths.params, content)

    return spoil


def text(file: str, change: Callable[[str], str]) -> Spoil:
    """Change a text that people write."""

    def spoil(paths: Paths) -> None:
        path = paths.root / file
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return spoil


def rules(change: Callable[[list[Any]], list[Any]]) -> Spoil:
    """Change the expectations."""

    def spoil(paths: Paths) -> None:
        suite = json.loads(paths.expectations.read_text(encoding="utf-8"))
        suite["expectations"] = change(suite["expectations"])
        files.write_json(paths.expectations, suite)

    return spoil


def table(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Spoil:
    """Change the typed table."""

    def spoil(paths: Paths) -> None:
        change(pd.read_parquet(paths.table)).to_parquet(paths.table)

    return spoil


def flipped(file: str) -> Spoil:
    """Flip one bit in the middle of an output."""

    def spoil(paths: Paths) -> None:
        path = paths.work / file
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    return spoil


def then(*steps: Spoil) -> Spoil:
    """Several changes, one after the other."""

    def spoil(paths: Paths) -> None:
        for step in steps:
            step(paths)

    return spoil


def one_sided(paths: Paths) -> None:
    """Leave one class in the holdout."""
    held = set(pd.read_parquet(paths.holdout)["box"])
    cells(lambda t: t.assign(kept=t["kept"].where(~t["box"].isin(held), "no")))(paths)


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
        "text for a number", cell("weight", "heavy"), "DataError", ("`weight`", "`heavy` in row 4")
    ),
    Case("fraction", cell("items", "2.5"), "DataError", ("`items`", "`2.5` in row 4", "whole")),
    Case("inf", cell("weight", "inf"), "DataError", ("`weight`", "`inf` in row 4", "finite")),
    Case("1e999", cell("weight", "1e999"), "DataError", ("`weight`", "in row 4", "finite")),
    Case(
        "no boolean", cell("express", "perhaps"), "DataError", ("`express`", "`perhaps` in row 4")
    ),
    Case("no time", cell("placed", "soon"), "DataError", ("`placed`", "`soon` in row 4")),
    Case("duplicate id", cell("box", "b00001"), "DataError", ("`box`", "the first `b00001`")),
    Case("missing id", cell("box", ""), "DataError", ("`box`", "not an id", "row 4")),
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


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("byte-order mark", raw(lambda b: b"\xef\xbb\xbf" + b)),
        ("line ends of Windows", raw(lambda b: b.replace(b"\n", b"\r\n"))),
        (
            "every cell quoted",
            cells(
                lambda t: t.map(lambda text: f' {text}"\n,').assign(
                    **{name: t[name] for name in t.columns if name != "notes"}
                )
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_harmless_things_are_taken(
    name: str, change: Spoil, finished: Paths, tmp_path: Path
) -> None:
    """A byte-order mark, CRLF, and quotes, commas and line ends in a cell give the same table."""
    paths = copy(finished, tmp_path / "boxes")
    before = paths.table.read_bytes()
    change(paths)
    said = contender(paths, "ingest")
    assert said.code == 0, f"{name}: {said.err}"
    assert paths.table.read_bytes() == before


def fork(folder: Path, *edits: tuple[str, str]) -> Path:
    """A copy of the package with `problem/model.py` edited, as a fork would."""
    source = copy_source(folder, datasets.ROOT)
    path = source / "contender/problem/model.py"
    content = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in content
        content = content.replace(old, new)
    path.write_text(content, encoding="utf-8")
    return source


def test_a_scaler_before_trees_is_found_out(tmp_path: Path) -> None:
    """A fork that scales numbers for trees gets a graph that differs, and is stopped."""
    paths = datasets.boxes(3000).write(tmp_path / "boxes")
    rng = np.random.default_rng(4)
    cells(lambda t: t.assign(weight=rng.lognormal(2, 1, len(t)).astype(str)))(paths)
    datasets.change_column(paths, "weight", range=None)
    datasets.write_expectations(paths)
    datasets.change_params(paths, train__hyperparameters__hist_gradient_boosting__max_iter=100)
    datasets.run_stages(paths, "ingest", "validate", "split", "train")
    before = outputs(paths.root)
    source = fork(
        tmp_path / "fork",
        ('(_hist_gradient_boosting, "raw")', '(_hist_gradient_boosting, "scaled")'),
    )
    said = contender(paths, "train", source=source)
    assert (said.code, said.error) == (1, "ParityError"), said.err
    assert "do not scale numbers before trees" in said.err
    assert outputs(paths.root) == before


def test_an_estimator_without_a_graph_is_refused(finished: Paths, tmp_path: Path) -> None:
    """A fork's own estimator that has no ONNX form is named; no half of a model is left."""
    paths = copy(finished, tmp_path / "boxes")
    datasets.change_params(paths, train__estimator="spreading")
    before = outputs(paths.root)
    source = fork(
        tmp_path / "fork",
        (
            "\nESTIMATORS: Final",
            "\ndef _spreading(task: Task, *, seed: int) -> Any:\n"
            "    from sklearn.semi_supervised import LabelSpreading\n"
            "    return LabelSpreading()\n\n"
            "\nESTIMATORS: Final",
        ),
        (
            '    "linear": Recipe',
            '    "spreading": Recipe(_spreading, "scaled"),\n    "linear": Recipe',
        ),
    )
    said = contender(paths, "train", source=source)
    assert (said.code, said.error) == (1, "ConversionError"), said.err
    assert "`LabelSpreading` cannot be converted" in said.err
    assert outputs(paths.root) == before


def test_two_runs_write_the_same_bytes(finished: Paths, tmp_path: Path) -> None:
    """Every stage in a process of its own, in another folder, makes every file again."""
    paths = copy(finished, tmp_path / "boxes")
    expected = outputs(paths.root)
    for name in expected:
        (paths.root / name).unlink()
    for stage in datasets.STAGES:
        assert contender(paths, stage).code == 0
    again = outputs(paths.root)
    assert {name: again.get(name) for name in expected} == expected
