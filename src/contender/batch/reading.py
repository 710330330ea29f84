"""Rows of a file, a chunk at a time: whatever the file's size, one chunk is in memory."""

from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from contender import delivery
from contender.errors import DataError
from contender.inference import CHUNK_ROWS
from contender.params import IngestParams
from contender.problem.schema import Schema

BLOCK_BYTES: Final = 8 << 20  # of text at a time: about as many rows as CHUNK_ROWS
BUFFER_BYTES: Final = 1 << 20  # of a column at a time, however many rows a row group has
BROKEN: Final = (pa.ArrowInvalid, OSError)


class Source(Protocol):
    """A file of rows."""

    names: list[str]

    @property
    def rows(self) -> int | None:
        """How many there are; None where only reading them all would tell."""

    def read(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        """The rows of `columns`, in their order.

        Raises:
            DataError: the file is damaged.
        """


class ParquetSource:
    """Rows of a Parquet file; texts of features come as categories, as they mostly lie there."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self._path = path
        try:
            with pq.ParquetFile(path) as file:
                fields = file.schema_arrow
                self.rows = file.metadata.num_rows
        except BROKEN as error:
            raise delivery.unreadable_parquet(path, error) from error
        self.names: list[str] = fields.names
        texts = {field.name for field in fields if field.type in (pa.string(), pa.large_string())}
        self._texts = [name for name in schema.features if name in texts]

    def read(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        """See `Source`."""
        options = {"buffer_size": BUFFER_BYTES, "read_dictionary": self._texts}
        try:
            with pq.ParquetFile(self._path, **options) as file:
                for group in range(file.num_row_groups):  # all at once would keep those it has read
                    yield from file.iter_batches(
                        CHUNK_ROWS, row_groups=[group], columns=list(columns), use_threads=False
                    )
        except BROKEN as error:
            raise delivery.unreadable_parquet(self._path, error) from error


class CsvSource:
    """Rows of a CSV file in the dialect that `ingest` of params.yaml names."""

    rows = None

    def __init__(self, path: Path, schema: Schema, params: IngestParams) -> None:
        delivery.require_encoding(path, params.encoding)
        self._path, self._params = path, params
        self._types = {name: delivery.parsed_as(item) for name, item in schema.columns.items()}
        try:
            with self._open({}) as reader:
                self.names: list[str] = reader.schema.names
        except ValueError as error:
            raise delivery.unreadable_csv(path, params, error) from error

    def read(self, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        """See `Source`."""
        done = 0
        try:
            with self._open({name: self._types[name] for name in columns}) as reader:
                for batch in reader:
                    yield batch
                    done += 1
            return
        except ValueError as error:
            if "conversion error" not in str(error):
                raise delivery.unreadable_csv(self._path, self._params, error) from error
        try:  # some number is no number: read text, so that the column and its rows can be named
            with self._open(dict.fromkeys(columns, pa.string())) as reader:
                yield from islice(reader, done, None)
        except ValueError as error:
            raise delivery.unreadable_csv(self._path, self._params, error) from error

    def _open(self, types: dict[str, pa.DataType]) -> Any:
        """A reader of the columns in `types`, of all when there are none."""
        options = delivery.csv_options(self._params, types)
        options["convert_options"].include_columns = list(types)
        read_options = pv.ReadOptions(encoding=self._params.encoding, block_size=BLOCK_BYTES)
        return pv.open_csv(self._path, read_options=read_options, **options)


def open_source(path: Path, schema: Schema, params: IngestParams) -> Source:
    """The rows in `path`, once its columns are proven to be those of `schema`.

    Only features must be there. The id may be, and so may what the model does not see, as in the
    file that it was trained on.

    Raises:
        DataError: the file is missing, empty or unreadable, or a column is missing, unknown or
            given twice.
    """
    if not path.is_file() or path.stat().st_size == 0:
        raise DataError(
            f"`{path}` is {'empty (0 bytes)' if path.exists() else 'missing'}; "
            "expected a CSV or Parquet file with rows.",
            hint="name a file that is there, or deliver it again",
        )
    source: Source = (
        ParquetSource(path, schema)
        if path.suffix == ".parquet"
        else CsvSource(path, schema, params)
    )
    said = delivery.name_differences(source.names, known=schema.columns, needed=schema.features)
    if said:
        raise DataError(
            f"`{path}` does not have the columns that the model was trained with: {said}.",
            hint="correct the file; `schema` in the bundle's manifest.json says what is expected",
        )
    return source
