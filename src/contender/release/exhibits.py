"""The files a verdict rests on, read once, each with the digest that was promised for it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contender import files
from contender.params import Params
from contender.paths import Paths
from contender.problem.schema import Schema
from contender.release.gate.decision import Check, Digests, Outcome
from contender.release.gate.evidence import Seal
from contender.release.manifest import Manifest, read_manifest, read_split

TRAIN: Final = "dvc repro train"
SPLIT: Final = "dvc repro split"
GATE: Final = "contender gate"
_MEASURES: Final = ("confusion.py", "faults.py", "metrics.py", "ranking.py")


@dataclass(frozen=True)
class Candidate:
    """A model as its folder holds it: what is said of it, and the bytes that are run."""

    manifest: Manifest
    graph: bytes

    @property
    def digest(self) -> str:
        """The SHA-256 of the graph, whatever the manifest says."""
        return hashlib.sha256(self.graph).hexdigest()


@dataclass(frozen=True)
class Exhibits:
    """What the evidence is made of, read once; nothing in it is trusted before its seals are."""

    challenger: Candidate
    champion: Candidate | None
    anchor: Candidate | None
    baseline: bytes
    holdout: bytes
    seals: tuple[Seal, ...]
    digests: Digests

    @property
    def models(self) -> dict[str, Candidate]:
        """The models there are, by what they are to each other."""
        named = {"challenger": self.challenger, "champion": self.champion, "anchor": self.anchor}
        return {name: model for name, model in named.items() if model is not None}

    @property
    def graphs(self) -> list[bytes]:
        """The graphs whose costs are compared: the challenger's, and the champion's if any."""
        return [model.graph for name, model in self.models.items() if name != "anchor"]


def read_exhibits(
    params: Params, schema: Schema, paths: Paths, *, champion: Path | None, anchor: Path | None
) -> Exhibits:
    """The files of this work tree, and those of the champion and the anchor in their folders.

    Raises:
        MissingError: a file is not there.
        IntegrityError: a manifest is none.
    """
    challenger = _read_candidate(paths.models, made_by=TRAIN)
    rival = _read_candidate(champion, made_by=GATE) if champion else None
    best = _read_candidate(anchor, made_by=GATE) if anchor else None
    baseline = files.read_bytes(paths.baseline, made_by=TRAIN)
    holdout = files.read_bytes(paths.holdout, made_by=SPLIT)
    digests = Digests(
        holdout=_sha256(holdout),
        challenger=challenger.digest,
        champion=rival.digest if rival else None,
        table_schema=files.sha256_of(schema.model_dump(mode="json")),
        gate_code=gate_code(),
        gate_parameters=files.sha256_of(params.gate.model_dump(mode="json")),
    )
    promised = challenger.manifest
    split = read_split(paths.split, made_by=SPLIT)
    seals = [
        Seal("holdout-digest", "the holdout", promised.split.holdout_sha256, digests.holdout),
        Seal("holdout-digest", "the holdout", split.holdout_sha256, digests.holdout),
        Seal("train-digest", "the training rows", promised.split.train_sha256, _train(paths)),
        Seal("schema-digest", "the schema", promised.table_schema.sha256, digests.table_schema),
        Seal("model-digest", "the challenger", promised.model.sha256, digests.challenger),
        Seal("baseline-digest", "the baseline", promised.baseline.sha256, _sha256(baseline)),
    ]
    for name, other in (("champion", rival), ("anchor", best)):
        if other:
            promise = other.manifest.model.sha256
            seals.append(Seal(f"{name}-digest", f"the {name}", promise, other.digest))
    return Exhibits(challenger, rival, best, baseline, holdout, tuple(seals), digests)


def _read_candidate(folder: Path, *, made_by: str) -> Candidate:
    manifest = read_manifest(folder / "manifest.json", made_by=made_by)
    return Candidate(manifest, files.read_bytes(folder / "model.onnx", made_by=made_by))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _train(paths: Paths) -> str:
    if not paths.train.is_file():
        files.read_bytes(paths.train, made_by=SPLIT)
    return files.sha256(paths.train)


def gate_code() -> str:
    """The SHA-256 of the source of the gate and of the metrics it reads."""
    package = Path(__file__).parents[1]
    sources = [*package.glob("release/gate/*.py")]
    sources += [package / "problem" / name for name in _MEASURES]
    return files.sha256_of({path.stem: files.sha256(path) for path in sources})


def check_fit(exhibits: Exhibits, schema: Schema) -> Iterator[Check]:
    """An ERROR for each model that was made for another task, other classes or other features."""
    kinds = {name: "number" if name in schema.numeric else "text" for name in schema.features}
    for name, candidate in exhibits.models.items():
        it = candidate.manifest
        lost = [feature for feature, kind in it.features.items() if kinds.get(feature) != kind]
        if lost:
            what = f"reads `{', '.join(lost)}`, which data/schema.yaml does not have like that"
        elif (it.task, it.classes) != (schema.task, schema.classes):
            what = f"was made for `{it.task}` with the classes `{', '.join(it.classes)}`"
        else:
            continue
        yield Check(
            family="precondition",
            subject=name,
            outcome=Outcome.ERROR,
            code=f"{name}-unfit",
            message=f"The {name} {what}: it cannot be compared on these rows.",
        )
