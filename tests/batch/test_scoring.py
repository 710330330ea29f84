"""Every row gets the prediction that evaluation and service give it, or nothing is written."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contender.batch.scoring import Scorer
from contender.bundle import MODEL, Bundle, write_bundle
from contender.errors import ParameterError, PredictionError, WriteError
from contender.stages.evaluate import score as evaluate
from tests.batch.conftest import Score, params, unheard, write
from tests.datasets import PROBLEMS, typed
from tests.servers.bundles import write_parts
from tests.servers.results import make_graph
from tests.servers.serving import running_service
from tests.test_bundle import SCHEMA

OUTPUTS = {
    "boxes": ["probability"],
    "wine": ["probability_0", "probability_1", "probability_2"],
    "diabetes": ["value"],
}


def values(predictions: pa.Table, problem: str) -> np.ndarray:
    """The predictions as an array, one column an output."""
    return np.stack([predictions[name].to_numpy() for name in OUTPUTS[problem]], axis=1)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("problem", OUTPUTS)
def test_predictions_are_those_of_evaluate(
    score: Score, bundles: dict[str, Bundle], tmp_path: Path, problem: str, suffix: str
) -> None:
    """For every task, from both kinds of file: what the stage computes, each beside its id."""
    schema = bundles[problem].schema()
    paths = PROBLEMS[problem]().write(tmp_path / problem)
    expected = evaluate(typed(paths), bundles[problem].read(MODEL), schema)
    shaped = expected.predictions.reshape(len(expected.ids), -1)
    found = score(PROBLEMS[problem]().table, problem, suffix)

    assert found.column_names == [schema.id, *OUTPUTS[problem]]
    assert found[schema.id].to_pylist() == expected.ids.tolist()
    np.testing.assert_allclose(values(found, problem), shaped, rtol=0, atol=1e-6)
    assert len(np.unique(shaped)) > 10


@pytest.mark.parametrize("problem", OUTPUTS)
def test_predictions_are_those_of_the_service(
    score: Score, bundles: dict[str, Bundle], tmp_path: Path, problem: str
) -> None:
    """For every task: what `/predict` answers for the same rows."""
    bundle, table = bundles[problem], PROBLEMS[problem]().table.head(150)
    rows = table[list(bundle.schema().features)].astype(object)
    if problem == "boxes":
        rows["express"] = rows["express"] == "true"
        rows["gift"] = rows["gift"].map({"1": True, "0": False})
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    with running_service(bundle.folder, tmp_path / "service") as service, service.client() as http:
        answer = http.post("/predict", json={"records": records}).raise_for_status().json()
    expected = np.asarray(answer["predictions"]).reshape(len(records), -1)

    np.testing.assert_allclose(values(score(table, problem), problem), expected, rtol=0, atol=1e-6)
    assert len(np.unique(expected)) > 10


def test_the_file_names_its_model(
    score: Score, bundles: dict[str, Bundle], boxes: pd.DataFrame
) -> None:
    """The digest of the bundle is in the metadata of the Parquet file."""
    metadata = score(boxes, suffix=".parquet").schema.metadata

    assert metadata[b"model_digest"].decode() == bundles["boxes"].digest


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_without_an_id_rows_are_numbered(score: Score, boxes: pd.DataFrame, suffix: str) -> None:
    """From one and through all chunks; what the model does not see may be absent."""
    found = score(boxes.drop(columns=["box", "kept", "shop", "placed", "notes"]), suffix=suffix)

    assert found.column_names == ["row", "probability"]
    assert found["row"].to_pylist() == list(range(1, 301))
    assert found["probability"].equals(score(boxes, suffix=suffix)["probability"])


def test_a_typed_table_is_predicted_like_its_texts(
    score: Score, boxes: pd.DataFrame, tmp_path: Path
) -> None:
    """Numbers, truths and categories that come as such give the predictions of their texts."""
    paths = PROBLEMS["boxes"]().write(tmp_path / "boxes")
    source = tmp_path / "rows.parquet"
    expected = score(boxes)["probability"]
    whole = typed(paths).slice(0, 300).to_pandas()
    truths = whole.assign(express=whole["express"] == 1, items=whole["items"].astype(int))

    assert score(whole, suffix=".parquet")["probability"].equals(expected)
    assert score(truths, suffix=".parquet")["probability"].equals(expected)
    assert pq.read_schema(source).field("express").type == pa.bool_()


def test_the_same_rows_give_the_same_bytes(
    score: Score, boxes: pd.DataFrame, tmp_path: Path
) -> None:
    """Run twice, the second file is the first, and nothing is left beside it."""
    score(boxes)
    first = (tmp_path / "predictions.csv").read_bytes()
    score(boxes)

    assert (tmp_path / "predictions.csv").read_bytes() == first
    assert sorted(os.listdir(tmp_path)) == ["predictions.csv", "rows.csv"]


def test_progress_counts_rows(
    bundles: dict[str, Bundle], boxes: pd.DataFrame, tmp_path: Path
) -> None:
    """Chunk by chunk up to the last row; a Parquet file says beforehand how many there are."""
    told: list[tuple[int, int | None]] = []
    scorer = Scorer(bundles["boxes"], params())
    for name in ("rows.parquet", "rows.csv"):
        write(boxes, tmp_path / name)
        scorer.score(tmp_path / name, tmp_path / "out.csv", lambda *said: told.append(said))

    assert told == [(77, 300), (154, 300), (231, 300), (300, 300), (300, None)]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_an_interrupted_run_leaves_the_old_file(
    bundles: dict[str, Bundle], boxes: pd.DataFrame, tmp_path: Path, name: str
) -> None:
    """Stopped after its first chunk, it has written nothing that anybody sees."""
    write(boxes, tmp_path / "rows.parquet")
    (tmp_path / name).write_text("old")

    def stop(*_: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Scorer(bundles["boxes"], params()).score(tmp_path / "rows.parquet", tmp_path / name, stop)
    assert (tmp_path / name).read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == [name, "rows.parquet"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("rows.csv", "rows.csv"), "is the input"),
        (("rows.csv", "link.csv"), "is the input"),
        (("rows.txt", "out.csv"), "`.*rows.txt` does not say what it holds"),
        (("rows.csv", "out"), "`.*out` does not say what it holds"),
    ],
)
def test_files_must_be_two_and_say_what_they_hold(
    bundles: dict[str, Bundle],
    boxes: pd.DataFrame,
    tmp_path: Path,
    names: tuple[str, str],
    said: str,
) -> None:
    """The input is never written over, not even through a link; other suffixes are refused."""
    write(boxes, tmp_path / "rows.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "rows.csv")
    before = (tmp_path / "rows.csv").read_bytes()
    source, target = (tmp_path / name for name in names)

    with pytest.raises(ParameterError, match=said):
        Scorer(bundles["boxes"], params()).score(source, target, unheard)
    assert (tmp_path / "rows.csv").read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told(
    bundles: dict[str, Bundle], boxes: pd.DataFrame, tmp_path: Path
) -> None:
    """A file where the folder of the output should be is an error that says so."""
    source = tmp_path / "rows.csv"
    write(boxes, source)

    with pytest.raises(WriteError, match="could not be written"):
        Scorer(bundles["boxes"], params()).score(source, source / "out.csv", unheard)


def test_a_prediction_that_is_no_number_writes_nothing(tmp_path: Path) -> None:
    """NaN for one row of a later chunk: the chunk is named, and no file appears."""
    graph = make_graph(3e38, outputs=("one", "two"))  # the second is NaN where `size` is large
    bundle = write_bundle(write_parts(tmp_path / "parts", graph, SCHEMA), tmp_path / "bundles")
    sizes = np.where(np.arange(300) == 200, 1e9, 0.5)
    rows = pd.DataFrame({"id": "a", "size": sizes, "kind": "new"})
    write(rows, tmp_path / "rows.parquet")

    with pytest.raises(PredictionError, match="rows 155 to 231: 1 of 77 predictions"):
        Scorer(bundle, params()).score(tmp_path / "rows.parquet", tmp_path / "out.csv", unheard)
    assert not (tmp_path / "out.csv").exists()
