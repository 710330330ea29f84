"""Predictions are finite, one a row, from every feature; anything else is an error."""

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from contender.errors import IntegrityError, PredictionError
from contender.inference import Predictor


def graph(*outputs: str) -> bytes:
    """A graph that divides `a` by `b`, once for every output."""
    nodes = [helper.make_node("Div", ["a", "b"], [name]) for name in outputs]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows"]) for name in outputs]
    starts = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows"]) for name in "ab"]
    model = helper.make_model(
        helper.make_graph(nodes, "g", starts, ends),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def columns(**values: Any) -> dict[str, np.ndarray]:
    """Columns as float arrays."""
    return {name: np.asarray(value, dtype=float) for name, value in values.items()}


def test_one_output_is_one_number_a_row() -> None:
    """Shape (n_rows,), as float64; lists and more columns than needed will do."""
    predictions = Predictor(graph("q")).predict({"a": [1, 2], "b": [4, 4], "more": [0, 0]})
    assert predictions.tolist() == [0.25, 0.5]
    assert predictions.dtype == np.float64


def test_several_outputs_are_columns() -> None:
    """Shape (n_rows, n_outputs), also for a single row."""
    assert Predictor(graph("q", "r")).predict(columns(a=[1], b=[2])).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("content", [b"", b"nonsense", graph("q")[:-20], b"\0" * 100])
def test_bytes_that_are_no_graph_are_refused(content: bytes) -> None:
    """Nothing, text, a graph cut off: an integrity error, not a crash."""
    with pytest.raises(IntegrityError, match="not a usable ONNX graph"):
        Predictor(content)


@pytest.mark.parametrize("given", [{}, {"a": [1.0]}, {"A": [1.0], "b": [1.0]}])
def test_a_missing_feature_is_named(given: dict[str, list[float]]) -> None:
    """Those that are missing and those that are expected."""
    with pytest.raises(PredictionError, match="are missing; expected all of `a, b`"):
        Predictor(graph("q")).predict(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": [], "b": []}, "have 0 rows"),
        ({"a": [1, 2], "b": [1]}, "have 1, 2 rows"),
        ({"a": [1], "b": []}, "have 0, 1 rows"),
        ({"a": range(70_000), "b": range(1, 70_000)}, "have 69999, 70000 rows"),
    ],
)
def test_rows_are_there_and_equally_many(given: dict[str, Any], said: str) -> None:
    """No rows, or columns of different lengths, give no prediction."""
    with pytest.raises(PredictionError, match=said):
        Predictor(graph("q")).predict(columns(**given))


@pytest.mark.parametrize("above", [0.0, 1.0, np.nan])
def test_a_prediction_that_is_no_number_is_named(above: float) -> None:
    """NaN or infinity in one row of many stops, and the row is told; so it does in any output."""
    given = columns(a=np.ones(70_000), b=np.ones(70_000))
    given["a"][69_000], given["b"][69_000] = above, 0
    for made in (graph("q"), graph("q", "r")):
        with pytest.raises(
            PredictionError, match="1 of 70000 predictions .* the first in row 69000"
        ):
            Predictor(made).predict(given)
