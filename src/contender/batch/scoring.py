"""Every row of a file predicted by a bundle: in by chunks, out at once or not at all."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from contender import files
from contender.batch.checking import ROW, Checker
from contender.batch.reading import Source, open_source
from contender.bundle import MODEL, Bundle, prove, to_columns
from contender.errors import CellError, DataError, ParameterError, PredictionError
from contender.inference import Predictor
from contender.params import Params

WRITERS: Final[dict[str, Any]] = {".csv": pv.CSVWriter, ".parquet": pq.ParquetWriter}
DIGEST: Final = "model_digest"

Progress = Callable[[int, int | None], object]


class Scorer:
    """The model of a bundle, proven by its golden records, with the rules for its input.

    Raises:
        IntegrityError: a file of the bundle was changed.
        PredictionError: a golden record is predicted otherwise than when the bundle was made.
    """

    def __init__(self, bundle: Bundle, params: Params) -> None:
        self._digest = bundle.digest
        self._schema = bundle.schema()
        self._params = params
        self._checker = Checker(self._schema, params.serving)
        self._predictor = Predictor(bundle.read(MODEL))
        golden = bundle.golden()
        prove(self._predictor.predict(to_columns(golden.records, self._schema)).tolist(), golden)

    def score(self, source: Path, target: Path, progress: Progress) -> int:
        """Write the prediction of each row of `source` to `target`; how many there were.

        `progress` is told after each chunk: how many rows are done, and of how many if that is
        known.

        Raises:
            ParameterError: the names of the files do not say what they hold, or are the same.
            DataError: `source` is not what the schema of the model says.
            PredictionError: a prediction is NaN or infinite.
            WriteError: `target` cannot be written; it is as it was.
        """
        _require_files(source, target)
        opened = open_source(source, self._schema, self._params.ingest)
        make, fields, done = WRITERS[target.suffix], self._output(opened), 0
        with files.replacing(target) as stream, make(stream, fields) as writer:
            for chunk in self._chunks(opened):
                writer.write_batch(chunk)
                done += chunk.num_rows
                progress(done, opened.rows)
            if done == 0:
                raise DataError(
                    f"`{source}` has a header but no rows; expected at least one.",
                    hint="deliver the file again",
                )
        return done

    def _chunks(self, source: Source) -> Iterator[pa.RecordBatch]:
        """Ids and predictions, chunk by chunk."""
        fields, before = self._output(source), 0
        named = (self._schema.id,) if self._schema.id in source.names else ()
        for batch in source.read([*named, *self._schema.features]):
            try:
                ids = self._checker.ids(batch, before)
                predictions = self._predictor.predict(self._checker.features(batch))
            except CellError as error:
                raise error.after(
                    before, hint="correct those cells, or leave the rows out"
                ) from error
            except PredictionError as error:
                rows = f"{before + 1} to {before + batch.num_rows}"
                raise PredictionError(
                    f"in the rows {rows}: {error.args[0]}", hint=error.hint
                ) from error
            columns = [ids, *predictions.reshape(batch.num_rows, -1).T]
            yield pa.record_batch([pa.array(column) for column in columns], schema=fields)
            before += batch.num_rows

    def _output(self, source: Source) -> pa.Schema:
        """The id, or the number of the row, and one column an output of the graph."""
        has_id = self._schema.id in source.names
        named = (self._schema.id, pa.string()) if has_id else (ROW, pa.int64())
        outputs = [(name, pa.float64()) for name in self._predictor.outputs]
        return pa.schema([named, *outputs], metadata={DIGEST: self._digest})


def _require_files(source: Path, target: Path) -> None:
    for path in (source, target):
        if path.suffix not in WRITERS:
            raise ParameterError(
                f"`{path}` does not say what it holds; expected a name that ends in "
                f"{' or '.join(WRITERS)}.",
                hint="rename it, or choose another name for what is written",
            )
    if target.exists() and source.exists() and target.samefile(source):
        raise ParameterError(
            f"`{target}` is the input; expected another file to write to.",
            hint="predictions never take the place of the rows that they are about",
        )
