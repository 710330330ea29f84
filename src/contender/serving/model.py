"""One bundle at work: its graph, what it takes, and the proof that it does what it did."""

from collections.abc import Sequence
from typing import Any

import msgspec

from contender.bundle import MODEL, Bundle, Record, prove
from contender.errors import IntegrityError
from contender.inference import Predictor
from contender.params import ServingParams
from contender.serving.contract import Contract, Row


class Model:
    """A model that was loaded from a bundle, and has predicted its golden records.

    Raises:
        IntegrityError: a file of the bundle was changed, or a golden record is not what the
            schema describes.
        PredictionError: a golden record is predicted otherwise than when the bundle was made.
    """

    def __init__(self, bundle: Bundle, params: ServingParams) -> None:
        manifest, golden = bundle.manifest(), bundle.golden()
        self.digest = bundle.digest
        self.schema = bundle.schema()
        self.contract = Contract(self.schema, params)
        self._predictor = Predictor(bundle.read(MODEL))
        self._predict_one = self._predictor.one_row(self.contract.features)
        self._texts = {name: self.schema.columns[name].nullable for name in self.schema.categorical}
        prove(self.predict(self.read_rows(golden.records)), golden)
        self.reference = self.read_rows([manifest.get("reference") or golden.records[1]])[0]

    @property
    def name(self) -> str:
        """The name that callers know the model by."""
        return self.schema.dataset

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what the graph gives, one column each."""
        return self._predictor.outputs

    def predict(self, rows: Sequence[Row]) -> list[Any]:
        """The prediction of each row: a number, or a list of one a class.

        Raises:
            PredictionError: a prediction is NaN or infinite.
        """
        columns = dict(zip(self.contract.features, zip(*rows, strict=True), strict=True))
        for name, is_nullable in self._texts.items():
            if is_nullable:
                columns[name] = tuple("" if value is None else value for value in columns[name])
        predictions: list[Any] = self._predictor.predict(columns).tolist()
        return predictions

    def predict_one(self, row: Row) -> Any:
        """The prediction of one row; only for the thread of the event loop.

        Raises:
            PredictionError: it is NaN or infinite.
        """
        outputs = self._predict_one(row)
        return outputs if len(outputs) > 1 else outputs[0]

    def read_rows(self, records: Sequence[Record]) -> list[Row]:
        """The rows that `records` of the bundle hold.

        Raises:
            IntegrityError: they do not fit the schema.
        """
        try:
            return self.contract.to_rows(msgspec.convert(list(records), self.contract.records))
        except msgspec.ValidationError as error:
            raise IntegrityError(
                f"a record in the bundle `{self.digest[:12]}` does not fit its schema: {error}.",
                hint="make the bundle again; it was not made by this version",
            ) from error
