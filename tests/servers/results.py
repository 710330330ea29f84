"""Results small enough to record in a blink: a graph of a few nodes and the files beside it."""

from pathlib import Path

from onnx import ModelProto, TensorProto, helper

from contender import files
from contender.tracking import BUNDLE, Result

HOLDOUT = "a" * 64


def make_graph(weight: float = 0.5, *, outputs: tuple[str, ...] = ("probability",)) -> bytes:
    """A model of the number `size` and the text `kind`; one dimension in, one dimension out."""
    nodes = [
        helper.make_node("IsNaN", ["size"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "size"], ["filled"]),
        helper.make_node("Mul", ["filled", "weight"], ["weighted"]),
        helper.make_node(
            "LabelEncoder",
            ["kind"],
            ["code"],
            domain="ai.onnx.ml",
            keys_strings=["new", "old"],
            values_floats=[0.25, 0.5],
            default_float=0.0,
        ),
        helper.make_node("Add", ["weighted", "code"], ["score"]),
    ]
    for index, name in enumerate(outputs):
        nodes += [helper.make_node("Sigmoid" if index % 2 == 0 else "Softsign", ["score"], [name])]
    return _serialize(
        nodes, weight, {"size": TensorProto.FLOAT, "kind": TensorProto.STRING}, outputs
    )


def make_small_graph(weight: float = 0.5) -> bytes:
    """A model of one feature only, the number `size`."""
    nodes = [helper.make_node("Mul", ["size", "weight"], ["value"])]
    return _serialize(nodes, weight, {"size": TensorProto.FLOAT}, ("value",))


def _serialize(
    nodes: list[object], weight: float, inputs: dict[str, int], outputs: tuple[str, ...]
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, ["rows"]) for name, kind in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows"]) for name in outputs],
        initializer=[
            helper.make_tensor("weight", TensorProto.FLOAT, [], [weight]),
            helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        ],
    )
    domains = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model: ModelProto = helper.make_model(graph, opset_imports=domains, ir_version=9)
    return model.SerializeToString(deterministic=True)


def make_result(
    folder: Path,
    graph: bytes | None = None,
    *,
    holdout: str = HOLDOUT,
    metrics: dict[str, float] | None = None,
    **params: str,
) -> Result:
    """A result whose files lie in the new folder `folder`."""
    folder.mkdir(parents=True)
    metrics = metrics or {"roc_auc": 0.8, "brier": 0.1}
    files.write_bytes(folder / "model.onnx", graph or make_graph())
    files.write_json(folder / "manifest.json", {"version": 1, "task": "binary"})
    files.write_json(folder / "metrics.json", metrics)
    files.write_text(folder / "roc.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    digest = files.sha256(folder / "model.onnx")
    return Result(
        name=f"tiny-{digest[:8]}",
        digest=digest,
        holdout=holdout,
        params={"train.estimator": "tiny", "train.seed": "7"} | params,
        metrics=metrics,
        tags={"holdout_sha256": holdout, "git_commit": "c0ffee" * 6 + "abcd"},
        bundle={name: folder / name for name in BUNDLE},
        reports={"plots/roc.svg": folder / "roc.svg"},
        example={"size": 1.0, "kind": "new"},
    )
