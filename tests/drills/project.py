"""A project of its own in a folder: a clone in which a story can be told without any harm."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow.parquet as pq
from onnx import helper, numpy_helper
from ruamel.yaml import YAML

from contender import files
from contender.paths import Paths
from contender.problem.schema import Schema, load_schema

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Project:
    """The clone in `folder`."""

    folder: Path

    @property
    def paths(self) -> Paths:
        """Its files."""
        return Paths(root=self.folder, work=self.folder)

    @property
    def schema(self) -> Schema:
        """Its schema as it is now."""
        return load_schema(self.paths.schema)

    @classmethod
    def clone(cls, folder: Path, source: Path = ROOT) -> "Project":
        """The clone of what is committed in `source`, with the data in it."""
        command = ["git", "clone", "--quiet", "--no-hardlinks", str(source), str(folder)]
        subprocess.run(command, check=True)
        project = cls(folder)
        project.run("contender", "pull")
        return project

    def run(self, *command: str, code: int = 0) -> str:
        """What the command prints; its exit code must be `code`."""
        program = [sys.executable, "-m", *command]
        environment = os.environ | {"PYTHONPATH": str(self.folder / "src"), "OMP_NUM_THREADS": "1"}
        environment["PATH"] = os.pathsep.join(
            [str(Path(sys.executable).parent), os.environ["PATH"]]
        )
        done = subprocess.run(
            program, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != code:
            said = f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
            raise RuntimeError(f"{' '.join(command)}: {done.returncode}, not {code}:\n{said}")
        return done.stdout

    def judge(self) -> dict[str, Any]:
        """The final decision on what the stages make of the project as it is."""
        self.run("dvc", "repro", "--quiet")
        return self.judge_again()

    def judge_again(self) -> dict[str, Any]:
        """The final decision on the model that lies there."""
        self.run("contender", "record")
        decision = json.loads(self.run("contender", "gate", "--final", "--local", "--json"))
        self.run("contender", "report")
        return dict(decision)

    def edit(self, path: Path, change: Callable[[Any], None]) -> None:
        """Change the YAML file `path`; its comments stay."""
        yaml = YAML()
        yaml.width = 4096
        tree = yaml.load(path.read_text(encoding="utf-8"))
        change(tree)
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump(tree, stream)

    def forget_columns(self, names: list[str]) -> None:
        """Let the schema ignore `names`, as if nobody had thought of them yet."""

        def ignore(tree: Any) -> None:
            for name in names:
                dtype = tree["columns"][name]["dtype"]
                tree["columns"][name] = {"role": "ignored", "dtype": dtype, "meaning": "unused"}

        self.edit(self.paths.schema, ignore)
        self.run("contender", "ingest")
        self.run("contender", "expectations")

    def records(self) -> list[dict[str, Any]]:
        """The rows of the holdout, as callers send them."""
        features = self.schema.features
        table = pq.read_table(self.paths.holdout, columns=list(features))
        return [dict(row) for row in table.to_pylist()]

    def spoil(self) -> tuple[str, float]:
        """Let the model give NaN for one value that no row has; the column and the value.

        No row of the holdout tells, nor does a golden record: only a caller can.
        """
        name, value = self._unseen()
        model = onnx.load(self.paths.model)
        graph, sound = model.graph, "sound"
        (output,) = graph.output
        for node in graph.node:
            node.output[:] = [sound if it == output.name else it for it in node.output]
        for key, number in {"seen": value, "nothing": 0.0}.items():
            tensor = numpy_helper.from_array(np.array(number, np.float32), key)
            graph.initializer.append(tensor)
        graph.node.extend(
            [
                helper.make_node("Sub", [name, "seen"], ["distance"]),
                helper.make_node("Div", ["nothing", "distance"], ["zero"]),
                helper.make_node("Add", [sound, "zero"], [output.name]),
            ]
        )
        self.paths.model.unlink()
        files.write_bytes(self.paths.model, model.SerializeToString())
        manifest = json.loads(self.paths.manifest.read_text(encoding="utf-8"))
        manifest["model"]["sha256"] = files.sha256(self.paths.model)
        manifest["model"]["bytes"] = self.paths.model.stat().st_size
        self.paths.manifest.unlink()
        files.write_json(self.paths.manifest, manifest)
        return name, value

    def _unseen(self) -> tuple[str, float]:
        columns = self.schema.columns
        name = next(n for n in self.schema.numeric if columns[n].dtype == "float")
        table = pq.read_table(self.paths.table, columns=[name])
        seen = np.unique(table[name].drop_null().to_numpy().astype(np.float32))
        middle = len(seen) // 2
        return name, float((seen[middle] + seen[middle + 1]) / 2)
