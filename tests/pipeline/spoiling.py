"""Ways to spoil a project, each a function of its paths."""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from contender import files
from contender.paths import Paths
from tests import datasets

Spoil = Callable[[Paths], object]


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
