"""A result as MLflow wants it: a folder that `mlflow.pyfunc.load_model` can read."""

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.errors import IntegrityError
from contender.tracking.values import BUNDLE, MODEL, Result

REQUIREMENTS: Final = ("mlflow", "numpy", "onnx", "onnxruntime", "pandas")


def write_model(folder: Path, result: Result, *, run_id: str) -> dict[str, str]:
    """The digest of each file of the bundle, as written into the new folder `folder`.

    Raises:
        IntegrityError: the model is not the one that `result` speaks of.
    """
    import mlflow.onnx
    import onnx
    import pandas as pd
    from mlflow.models import Model

    graph = onnx.load_model_from_string(result.bundle[MODEL].read_bytes())
    mlflow.onnx.save_model(
        graph,
        str(folder),
        mlflow_model=Model(run_id=run_id, artifact_path=folder.name),
        signature=signature_of(graph),
        input_example=pd.DataFrame({name: [value] for name, value in result.example.items()}),
        # Left to itself MLflow spends ten seconds in a child process guessing them.
        pip_requirements=[f"{name}=={metadata.version(name)}" for name in REQUIREMENTS],
        onnx_execution_providers=["CPUExecutionProvider"],
        onnx_session_options={"intra_op_num_threads": 1, "inter_op_num_threads": 1},
        save_as_external_data=False,
    )
    # The digests name the original bytes, not what the onnx library makes of them.
    for file in BUNDLE:
        shutil.copyfile(result.bundle[file], folder / file)
    digests = {file: files.sha256(folder / file) for file in BUNDLE}
    if digests[MODEL] != result.digest:
        raise IntegrityError(
            f"`{result.bundle[MODEL]}` has the digest `{digests[MODEL][:12]}`; expected "
            f"`{result.digest[:12]}`: it was changed while it was being recorded.",
            hint="run `dvc repro` and then the same command again",
        )
    return digests


def signature_of(graph: Any) -> Any:
    """The inputs and outputs of `graph` as named tensors of one dimension.

    Tensors, not columns: with columns MLflow hands pandas' own string arrays to ONNX Runtime,
    which refuses them, and makes a matrix of the input of a model with one feature.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import Schema

    inputs = [_tensor(item, number="float64") for item in graph.graph.input]
    outputs = [_tensor(item, number="float32") for item in graph.graph.output]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def _tensor(item: Any, *, number: str) -> Any:
    import numpy as np
    from mlflow.types import TensorSpec
    from onnx import TensorProto

    is_text = item.type.tensor_type.elem_type == TensorProto.STRING
    return TensorSpec(np.dtype(object if is_text else number), (-1,), item.name)
