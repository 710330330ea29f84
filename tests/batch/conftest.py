"""Bundles of every task, and files of rows for them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from contender.batch.scoring import Scorer
from contender.bundle import Bundle
from contender.params import Params, load_params
from tests.datasets import PROBLEMS, ROOT
from tests.servers.bundles import make_bundle

Score = Callable[..., pa.Table]


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A bundle for each task."""
    folder = tmp_path_factory.mktemp("made")
    return {name: make_bundle(folder, name) for name in ("boxes", "wine", "diabetes")}


@pytest.fixture
def boxes() -> pd.DataFrame:
    """300 boxes as texts, as they would be delivered."""
    table = PROBLEMS["boxes"]().table.head(300)
    return table.astype(object).where(table.notna(), "").astype(str)


@pytest.fixture
def score(bundles: dict[str, Bundle], tmp_path: Path) -> Score:
    """The predictions for a table, taken through files that end in `suffix`."""

    def run(
        table: pd.DataFrame, problem: str = "boxes", suffix: str = ".csv", **policy: Any
    ) -> pa.Table:
        source, target = tmp_path / f"rows{suffix}", tmp_path / f"predictions{suffix}"
        write(table, source)
        Scorer(bundles[problem], params(**policy)).score(source, target, unheard)
        return pq.read_table(target) if suffix == ".parquet" else pv.read_csv(target)

    return run


def write(table: pd.DataFrame, path: Path) -> None:
    """Put `table` into a file, Parquet in row groups of 77 rows."""
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, row_group_size=77)


def params(**policy: Any) -> Params:
    """The parameters of the repository; `policy` changes the section `serving`."""
    kept = load_params(ROOT / "params.yaml")
    return kept.model_copy(update={"serving": kept.serving.model_copy(update=policy)})


def unheard(*_: int | None) -> None:
    """Progress that nobody looks at."""
