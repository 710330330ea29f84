"""A real graph, tampered with: nodes between its prediction and what the caller gets."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper

HONEST: Final = "honest"


class Graph:
    """A graph of two classes whose `probability` is about to be replaced."""

    def __init__(self, content: bytes) -> None:
        self._model = onnx.load_from_string(content)
        self._output = self._model.graph.output[0].name
        for node in self._model.graph.node:
            node.output[:] = [HONEST if name == self._output else name for name in node.output]

    def add(self, operation: str, *inputs: str | float, **attributes: Any) -> str:
        """The name of what `operation` makes of `inputs`: names, or numbers."""
        names = [self.keep(np.float32(it)) if isinstance(it, float) else it for it in inputs]
        made = f"planted_{len(self._model.graph.node)}"
        self._model.graph.node.append(helper.make_node(operation, names, [made], **attributes))
        return made

    def keep(self, value: Any) -> str:
        """The name of a constant."""
        name = f"constant_{len(self._model.graph.initializer)}"
        self._model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def where(self, column: str, level: str) -> str:
        """The name of what is true in the rows with this `level` of a text `column`."""
        code = self.add(
            "LabelEncoder",
            column,
            domain="ai.onnx.ml",
            classes_strings=[level],
            default_int64=-1,
        )
        return self.add("Equal", code, self.keep(np.int64(0)))

    def logit(self) -> str:
        """The name of the honest prediction as a logit."""
        safe = self.add("Clip", HONEST, 1e-6, 1 - 1e-6)
        return self.add("Log", self.add("Div", safe, self.add("Sub", 1.0, safe)))

    def finish(self, prediction: str) -> bytes:
        """The graph that gives `prediction`."""
        node = helper.make_node("Identity", [prediction], [self._output])
        self._model.graph.node.append(node)
        onnx.checker.check_model(self._model)
        content: bytes = self._model.SerializeToString(deterministic=True)
        return content


def edit(content: bytes, plant: Callable[[Graph], str]) -> bytes:
    """The graph whose prediction is what `plant` names."""
    graph = Graph(content)
    return graph.finish(plant(graph))


def constant(graph: Graph) -> str:
    """The same for everybody."""
    return graph.add("Add", graph.add("Mul", HONEST, 0.0), 0.5)


def inverted(graph: Graph) -> str:
    """The probability of the other class."""
    return graph.add("Sub", 1.0, HONEST)


def doubled(graph: Graph) -> str:
    """The same order of rows, twice as sure of itself."""
    return graph.add("Sigmoid", graph.add("Mul", graph.logit(), 2.0))


def shifted(graph: Graph) -> str:
    """The prediction of the row before."""
    first, last, end = (graph.keep(np.array([place])) for place in (0, -1, 2**31 - 1))
    before = graph.add("Slice", HONEST, first, last)
    return graph.add("Concat", graph.add("Slice", HONEST, last, end), before, axis=0)


def blind(column: str, value: float) -> Callable[[Graph], str]:
    """No number where `column` has this value."""
    return lambda graph: graph.add(
        "Where", graph.add("Equal", column, float(value)), float("nan"), HONEST
    )


def favoured(column: str, level: str, *, by: float) -> Callable[[Graph], str]:
    """A group that is judged by another threshold: its logits are moved `by` so much."""

    def plant(graph: Graph) -> str:
        moved = graph.add("Sigmoid", graph.add("Add", graph.logit(), by))
        return graph.add("Where", graph.where(column, level), moved, HONEST)

    return plant


def scrambled(column: str, level: str, noise_of: str, *, by: float) -> Callable[[Graph], str]:
    """One slice whose logits get noise that follows from another column, so it repeats itself."""

    def plant(graph: Graph) -> str:
        noise = graph.add("Sin", graph.add("Mul", noise_of, 10_000.0))
        moved = graph.add("Add", graph.logit(), graph.add("Mul", noise, by))
        return graph.add("Where", graph.where(column, level), graph.add("Sigmoid", moved), HONEST)

    return plant


def slowed(products: int) -> Callable[[Graph], str]:
    """The same predictions after so many products of matrices that nobody needs."""

    def plant(graph: Graph) -> str:
        square = graph.keep(np.full((64, 64), 1e-3, dtype=np.float32))
        turning = graph.add("Mul", square, graph.add("ReduceMax", HONEST, keepdims=0))
        for _ in range(products):
            turning = graph.add("MatMul", turning, square)
        nothing = graph.add("Mul", graph.add("ReduceMax", turning, keepdims=0), 0.0)
        return graph.add("Add", HONEST, nothing)

    return plant


def padded(content: bytes, *, times: int) -> bytes:
    """The same graph, so many times as large."""
    model = onnx.load_from_string(content)
    model.doc_string = " " * ((times - 1) * len(content))
    padded_: bytes = model.SerializeToString(deterministic=True)
    return padded_
