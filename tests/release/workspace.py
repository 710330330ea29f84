"""A work tree as the stages leave it, with models of a few nodes whose behaviour is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper

from contender import files
from contender.params import Params, load_params
from contender.partition import held_out
from contender.paths import Paths
from contender.problem.schema import Schema
from contender.release.gate.decision import Decision
from contender.release.verdict import judge
from tests.datasets import ROOT
from tests.release.gate import cases

ROWS: Final = 2_000
RULE: Final = {"method": "id", "column": "key", "holdout": 0.4, "salt": "s", "cutoff": None}
COLUMNS: Final[dict[str, dict[str, Any]]] = {
    "key": {"role": "id", "dtype": "string"},
    "answer": {"role": "target", "dtype": "string", "categories": ["no", "yes"], "positive": "yes"},
    "size": {"role": "feature", "dtype": "float", "nullable": True, "monotone": "increasing"},
    "kind": {
        "role": "feature",
        "dtype": "string",
        "categories": ["new", "old"],
        "nullable": True,
        "slice": "critical",
        "sensitive": True,
    },
    "place": {"role": "ignored", "dtype": "string"},
}


def make_schema(**changes: dict[str, Any]) -> Schema:
    """The schema of the table, with other facts for some columns."""
    columns = {
        name: {"meaning": name} | facts | changes.get(name, {}) for name, facts in COLUMNS.items()
    }
    content = {"dataset": "made_up", "row": "one thing", "task": "binary", "columns": columns}
    return Schema.model_validate(content)


def make_table(rows: int = ROWS, *, seed: int = 0) -> pa.Table:
    """Rows whose answer is more often yes the larger they are; a tenth has no size."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=rows)
    yes = rng.random(rows) < 1 / (1 + np.exp(-2 * size))
    known = np.where(rng.random(rows) < 0.1, np.nan, size)
    kind = np.array(["new", "old", None], dtype=object)[rng.integers(0, 200, rows) % 3 % 2]
    kind[:5] = None
    return pa.table(
        {
            "key": [f"k{number}" for number in range(rows)],
            "answer": np.where(yes, "yes", "no"),
            "size": pa.array(known, from_pandas=True),
            "kind": pa.array(kind, pa.string()),
            "place": [f"p{number % 150}" for number in range(rows)],
        }
    )


def make_model(weight: float, *, nodes: Sequence[Any] = (), padding: int = 0) -> bytes:
    """A graph that gives 1 / (1 + exp(-weight * size - code)), with a small code for the kind.

    `nodes` may turn `filled`, which is the size with 0 for NaN, into `seen`; `padding` bytes are
    carried along.
    """
    reads = "seen" if nodes else "filled"
    inner = [
        helper.make_node("IsNaN", ["size"], ["lost"]),
        helper.make_node("Where", ["lost", "zero", "size"], ["filled"]),
        *nodes,
        helper.make_node("Mul", [reads, "weight"], ["weighed"]),
        helper.make_node(
            "LabelEncoder",
            ["kind"],
            ["code"],
            domain="ai.onnx.ml",
            keys_strings=["new", "old"],
            values_floats=[0.01, 0.02],
            default_float=0.0,
        ),
        helper.make_node("Add", ["weighed", "code"], ["score"]),
        helper.make_node("Sigmoid", ["score"], ["probability"]),
    ]
    kinds = {"size": TensorProto.FLOAT, "kind": TensorProto.STRING}
    graph = helper.make_graph(
        inner,
        "tiny",
        [helper.make_tensor_value_info(name, kind, ["rows"]) for name, kind in kinds.items()],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["rows"])],
        initializer=[
            helper.make_tensor("weight", TensorProto.FLOAT, [], [weight]),
            helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        ],
    )
    domains = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=domains, ir_version=9)
    model.doc_string = " " * padding
    return model.SerializeToString(deterministic=True)


GOOD: Final = make_model(2.0)
POOR: Final = make_model(0.005)  # the kind, which says nothing, outweighs most sizes
LINEAR: Final = make_model(0.01)
AGAINST_THE_ORDER: Final = [
    helper.make_node("ReduceMean", ["filled"], ["average"], keepdims=1),
    helper.make_node("Sub", ["filled", "average"], ["seen"]),
]


@dataclass(frozen=True)
class Workspace:
    """A work tree, and what it is judged with."""

    paths: Paths
    schema: Schema
    params: Params

    def judge(self, **changes: Any) -> Decision:
        """The decision, for the first look and without a champion unless `changes` say so."""
        asked: dict[str, Any] = {
            "champion": None,
            "anchor": None,
            "look": 1,
            "provisional": False,
            "as_of": date(2026, 1, 15),
        }
        return judge(self.params, self.schema, self.paths, **(asked | changes))

    def champion(self, graph: bytes, name: str = "champion", **facts: Any) -> Path:
        """A folder with another model, as the registry hands it out."""
        folder = self.paths.work / name
        manifest = files.read_json(self.paths.manifest, made_by="a test")
        model = {"file": "model.onnx", "sha256": sha256(graph), "bytes": len(graph)}
        files.write_bytes(folder / "model.onnx", graph)
        files.write_json(folder / "manifest.json", manifest | {"model": model} | facts)
        return folder


def make_workspace(
    folder: Path,
    challenger: bytes = GOOD,
    *,
    schema: Schema | None = None,
    table: pa.Table | None = None,
    gate: dict[str, Any] | None = None,
) -> Workspace:
    """Everything that ingest, split and train would have written, for this challenger."""
    paths = Paths(root=folder, work=folder)
    schema = schema or make_schema()
    table = make_table() if table is None else table
    mask = held_out(RULE, table["key"].to_pylist())
    for path, part in ((paths.train, ~mask), (paths.holdout, mask)):
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.filter(pa.array(part)), path)
    files.write_bytes(paths.model, challenger)
    files.write_bytes(paths.baseline, LINEAR)
    seal(paths, schema)
    limits = {
        "fairness": {"max_gap": 0.3, "max_widening": 0.02, "waivers": []},
        "slice_margin": 0.05,
        "cost": cases.GATE.cost.model_dump() | {"max_latency_ratio": 100.0, "free_size_mb": 0.0},
    }
    parameters = load_params(ROOT / "params.yaml").model_copy(
        update={"gate": cases.gate(**(limits | (gate or {}))), "evaluate": cases.READING}
    )
    return Workspace(paths, schema, parameters)


def seal(paths: Paths, schema: Schema) -> None:
    """Write manifest and split.json for the files as they are."""
    split = {
        "rule": RULE,
        "train_rows": 0,
        "train_sha256": files.sha256(paths.train),
        "holdout_rows": 0,
        "holdout_sha256": files.sha256(paths.holdout),
    }
    content = schema.model_dump(mode="json")
    files.write_json(paths.split, split | {"table_sha256": "0" * 64})
    manifest = {
        "version": 1,
        "task": "binary",
        "features": {"size": "number", "kind": "text"},
        "classes": list(schema.classes),
        "prior": [0.5, 0.5],
        "schema": {"sha256": files.sha256_of(content), "content": content},
        "model": fact(paths.model),
        "baseline": fact(paths.baseline),
        "split": split,
    }
    files.write_json(paths.manifest, manifest)


def fact(path: Path) -> dict[str, Any]:
    """How the manifest names a file."""
    return {"file": path.name, "sha256": files.sha256(path), "bytes": path.stat().st_size}


def sha256(content: bytes) -> str:
    """The digest of `content`."""
    import hashlib

    return hashlib.sha256(content).hexdigest()
