"""From a fitted pipeline to one ONNX graph: raw columns in, predictions out."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from contender.errors import ConversionError

Kind = Literal["number", "text"]

# Begin the names of tensors that come from the converter and of those added here, so that no
# feature can be called like one of them.
INNER: Final = "/"
OWN: Final = "//"


def to_onnx(pipeline: Any, features: Mapping[str, Kind], *, n_classes: int) -> bytes:
    """The graph of `pipeline`, serialized; the same pipeline gives the same bytes.

    Inputs are one tensor of shape (n_rows,) a feature. Outputs have that shape too: `value` for
    a regression (`n_classes` 0), `probability` of the last class for two classes, one
    `probability_<i>` a class for more. One dimension is what MLflow's pyfunc and the Open
    Inference Protocol give and expect for a column.

    Raises:
        ConversionError: the estimator has no ONNX form.
    """
    from onnx import checker, compose
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    types = {"number": FloatTensorType, "text": StringTensorType}
    inputs = [(name, types[kind]([None, 1])) for name, kind in features.items()]
    options = {id(pipeline): {"zipmap": False}} if n_classes else None
    try:
        graph = compose.add_prefix(
            convert_sklearn(pipeline, "contender", inputs, options=options), INNER
        )
        _flatten_inputs(graph.graph, list(features))
        _drop_copies(graph.graph)
        _flatten_outputs(graph.graph, n_classes)
        _sort_imports(graph)
        checker.check_model(graph)
    except Exception as error:  # each converter raises what it likes
        raise ConversionError(
            f"`{type(pipeline[-1]).__name__}` cannot be converted to ONNX: {error}; "
            "expected an estimator that skl2onnx supports.",
            hint="set `train.estimator` in params.yaml to one of those in problem/model.py",
        ) from error
    return bytes(graph.SerializeToString(deterministic=True))


def _flatten_inputs(graph: Any, names: list[str]) -> None:
    """Let every input have its own name, and shape (n_rows,) stacked to (n_rows, 1) inside.

    The converter takes spaces and signs out of names, and puts inputs in the order it was given.
    """
    from onnx import helper, numpy_helper

    graph.initializer.append(numpy_helper.from_array(_int64([-1, 1]), f"{OWN}as_column"))
    reshapes = []
    for item, name in zip(graph.input, names, strict=True):
        reshapes.append(helper.make_node("Reshape", [name, f"{OWN}as_column"], [item.name]))
        item.name = name
        del item.type.tensor_type.shape.dim[1:]
        item.type.tensor_type.shape.dim[0].dim_param = "rows"
    nodes = [*reshapes, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _drop_copies(graph: Any) -> None:
    """Let encoders read columns of text as they came in.

    The converter picks the one column out of each stacked input, and gives what is encoded the
    shape that it has: three copies a column, which take a third of the time of one row.
    """
    makers = {name: node for node in graph.node for name in node.output}
    for encoder in [node for node in graph.node if node.op_type == "OneHotEncoder"]:
        pick = makers.get(encoder.input[0])
        stack = makers.get(pick.input[0]) if pick and pick.op_type == "Gather" else None
        after = [node for node in graph.node if encoder.output[0] in node.input]
        if (
            stack
            and f"{OWN}as_column" in stack.input
            and [it.op_type for it in after] == ["Reshape"]
        ):
            encoder.input[0], encoder.output[0] = stack.input[0], after[0].output[0]
            graph.node.remove(after[0])
    _drop_unread(graph)


def _drop_unread(graph: Any) -> None:
    """Remove nodes and constants that lead to no output."""
    wanted = {item.name for item in graph.output}
    for node in reversed(list(graph.node)):
        if wanted.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            wanted.update(node.input)
    for constant in [item for item in graph.initializer if item.name not in wanted]:
        graph.initializer.remove(constant)


def _flatten_outputs(graph: Any, n_classes: int) -> None:
    """Replace the converter's outputs by one column a prediction, each of shape (n_rows,)."""
    from onnx import TensorProto, helper, numpy_helper

    source = graph.output[-1].name
    taken = {item.name for item in graph.input}
    if n_classes == 0:
        names = [_free("value", taken)]
        graph.initializer.append(numpy_helper.from_array(_int64([-1]), f"{OWN}as_row"))
        graph.node.append(helper.make_node("Reshape", [source, f"{OWN}as_row"], names))
    else:
        kept = [1] if n_classes == 2 else range(n_classes)
        plain = ["probability"] if n_classes == 2 else [f"probability_{i}" for i in kept]
        names = [_free(name, taken) for name in plain]
        for index, name in zip(kept, names, strict=True):
            position = numpy_helper.from_array(_int64(index), f"{OWN}class_{index}")
            graph.initializer.append(position)
            graph.node.append(helper.make_node("Gather", [source, position.name], [name], axis=1))
    del graph.output[:]
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows"]) for name in names
    )


def _sort_imports(graph: Any) -> None:
    """Put the operator sets in order: the converter's is that of a set, another in each process."""
    imports = sorted(graph.opset_import, key=lambda item: str(item.domain))
    del graph.opset_import[:]
    graph.opset_import.extend(imports)


def _free(name: str, taken: set[str]) -> str:
    """`name`, or one like it when a feature is called that."""
    while name in taken:
        name = f"predicted_{name}"
    return name


def _int64(value: Any) -> Any:
    import numpy as np

    return np.asarray(value, dtype=np.int64)
