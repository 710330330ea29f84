"""The service that a user of BentoML would write for the same model: pydantic and ONNX Runtime."""

import json
import os
from pathlib import Path
from typing import Annotated

import bentoml  # pylint: disable=import-error  # it is in an environment of its own
import numpy as np
import onnxruntime
from apps.records import make_record
from pydantic import BaseModel, Field

BUNDLE = Path(os.environ["BUNDLE"])
MANIFEST = json.loads((BUNDLE / "manifest.json").read_text(encoding="utf-8"))
SCHEMA = MANIFEST["schema"]["content"]
Record = make_record(SCHEMA)


class Predictions(BaseModel):
    """One number a record."""

    predictions: list[float]


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Model:
    """The model of the bundle."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(BUNDLE / "model.onnx", options)
        self.dtypes = {
            item.name: object if "string" in item.type else np.float32
            for item in self.session.get_inputs()
        }

    # A coroutine: BentoML gives plain functions to a thread, which takes longer than the model.
    @bentoml.api
    async def predict(
        self,
        records: Annotated[list[Record], Field(min_length=1, max_length=1000)],  # type: ignore[valid-type]
    ) -> Predictions:
        """The prediction of each record."""
        feed = {
            name: np.array([getattr(record, name) for record in records], dtype)
            for name, dtype in self.dtypes.items()
        }
        return Predictions(predictions=self.session.run(None, feed)[0].tolist())
