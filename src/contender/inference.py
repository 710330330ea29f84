"""The only door to ONNX Runtime: columns in, predictions out, for gate, evaluation and service."""

from collections.abc import Mapping
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

    def predict(self, columns: Mapping[str, Any]) -> np.ndarray:
        """Predictions as float64: (n_rows,) for one output, (n_rows, n_classes) for several.

        Raises:
            PredictionError: a feature is missing, there are no rows, or a prediction is NaN or
                infinite.
        """
        missing = [name for name in self.inputs if name not in columns]
        if missing:
            raise PredictionError(
                f"the features `{', '.join(missing)}` are missing; "
                f"expected all of `{', '.join(self.inputs)}`.",
                hint="give every column that data/schema.yaml marks as a feature",
            )
        n_rows = len(columns[next(iter(self.inputs))])
        if n_rows == 0:
            raise PredictionError("there are no rows; expected at least one.", hint="give rows")
        chunks = [
            self._run({name: columns[name][start : start + CHUNK_ROWS] for name in self.inputs})
            for start in range(0, n_rows, CHUNK_ROWS)
        ]
        predictions = np.concatenate(chunks)
        finite = np.isfinite(predictions).reshape(n_rows, -1).all(axis=1)
        if not finite.all():
            raise PredictionError(
                f"{n_rows - int(finite.sum())} of {n_rows} predictions are NaN or infinite, "
                f"the first in row {int(np.argmin(finite))}; expected finite numbers.",
                hint="look at that row's features; a model that cannot score it cannot ship",
            )
        return predictions

    def _run(self, columns: Mapping[str, Any]) -> np.ndarray:
        feed = {
            name: np.asarray(values, dtype=object if "string" in self.inputs[name] else np.float32)
            for name, values in columns.items()
        }
        outputs = self._session.run(self.outputs, feed)
        stacked = np.stack(outputs, axis=1).astype(np.float64)
        return stacked[:, 0] if len(self.outputs) == 1 else stacked
