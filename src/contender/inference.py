"""The only door to ONNX Runtime: columns in, predictions out, for gate, evaluation and service."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import onnxruntime

from contender.errors import IntegrityError, PredictionError

CHUNK_ROWS: Final = 65_536  # bounds what one run allocates, whatever the number of rows


class Predictor:
    """One ONNX graph whose inputs are the raw feature columns, each of shape (n_rows,).

    Numbers are given as floats with NaN for missing, categories as text with "" for missing.
    """

    def __init__(self, graph: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions have no public base class
            raise IntegrityError(
                f"the model of {len(graph)} bytes is not a usable ONNX graph ({error}).",
                hint="run `dvc repro train` to make it again",
            ) from error
        self.inputs = {item.name: item.type for item in self._session.get_inputs()}
        self.outputs = tuple(item.name for item in self._session.get_outputs())
        self._dtypes = {
            name: object if "string" in kind else np.float32 for name, kind in self.inputs.items()
        }

    def predict(self, columns: Mapping[str, Any]) -> np.ndarray:
        """Predictions as float64: (n_rows,) for one output, (n_rows, n_classes) for several.

        Raises:
            PredictionError: a feature is missing or of another length than the others, there are
                no rows, or a prediction is NaN or infinite.
        """
        self._require_features(columns)
        lengths = {len(columns[name]) for name in self.inputs}
        n_rows = min(lengths)
        if n_rows == 0 or len(lengths) > 1:
            raise PredictionError(
                f"the features have {', '.join(map(str, sorted(lengths)))} rows; "
                "expected at least one, and equally many each.",
                hint="give every feature a value in every row: NaN or an empty text for missing",
            )
        predictions = self._run_chunks(columns, n_rows)
        if not np.isfinite(predictions).all():
            raise _not_finite(predictions)
        return predictions

    def one_row(self, names: Sequence[str]) -> Callable[[Sequence[Any]], list[float]]:
        """A function from the values of one row, in the order of `names`, to its predictions.

        None is a missing value. It fills the same arrays again and again, which takes a quarter
        off the time of one row; so it is for one thread only.

        Raises:
            PredictionError: a feature is missing in `names`; the function: a prediction is NaN or
                infinite.
        """
        self._require_features(names)
        feed = {name: np.empty(1, dtype) for name, dtype in self._dtypes.items()}
        slots = [
            (feed[name], "" if dtype is object else math.nan)
            for name, dtype in ((name, self._dtypes[name]) for name in names)
        ]

        def predict(values: Sequence[Any]) -> list[float]:
            for (array, missing), value in zip(slots, values, strict=True):
                array[0] = missing if value is None else value
            outputs = [float(output[0]) for output in self._session.run(self.outputs, feed)]
            if not all(map(math.isfinite, outputs)):
                raise _not_finite(np.asarray([outputs]))
            return outputs

        return predict

    def _require_features(self, names: Collection[str]) -> None:
        missing = [name for name in self.inputs if name not in names]
        if missing:
            raise PredictionError(
                f"the features `{', '.join(missing)}` are missing; "
                f"expected all of `{', '.join(self.inputs)}`.",
                hint="give every column that data/schema.yaml marks as a feature",
            )

    def _run_chunks(self, columns: Mapping[str, Any], n_rows: int) -> np.ndarray:
        if n_rows <= CHUNK_ROWS:
            return self._run(columns)
        chunks = [
            self._run({name: columns[name][start : start + CHUNK_ROWS] for name in self.inputs})
            for start in range(0, n_rows, CHUNK_ROWS)
        ]
        return np.concatenate(chunks)

    def _run(self, columns: Mapping[str, Any]) -> np.ndarray:
        feed = {name: np.asarray(columns[name], dtype) for name, dtype in self._dtypes.items()}
        outputs = self._session.run(self.outputs, feed)
        if len(outputs) == 1:
            return np.asarray(outputs[0], dtype=np.float64)
        return np.stack(outputs, axis=1).astype(np.float64)


def _not_finite(predictions: np.ndarray) -> PredictionError:
    finite = np.isfinite(predictions).reshape(len(predictions), -1).all(axis=1)
    return PredictionError(
        f"{len(finite) - int(finite.sum())} of {len(finite)} predictions are NaN or infinite, "
        f"the first in row {int(np.argmin(finite))}; expected finite numbers.",
        hint="look at that row's features; a model that cannot score it cannot ship",
    )
