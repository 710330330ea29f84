"""What goes into the registry and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from contender import files

MODEL: Final = "model.onnx"
# What a model needs to be judged and to ship; kept beside it in the registry, each with a digest.
BUNDLE: Final = (MODEL, "manifest.json", "metrics.json")
DIGEST: Final = "sha256."  # + the name of a file of the bundle: the tag that holds its digest


@dataclass(frozen=True)
class Result:
    """One trained and evaluated model, as it is logged.

    `bundle` maps the names in BUNDLE to files, `reports` a path below the run's artifacts to a
    file; `example` is one row of raw features; `digest` and `holdout` are SHA-256.
    """

    name: str
    digest: str
    holdout: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    bundle: Mapping[str, Path]
    reports: Mapping[str, Path]
    example: Mapping[str, float | str]

    @property
    def key(self) -> str:
        """The SHA-256 that tells results apart: same model, holdout and parameters, same key."""
        return files.sha256_of([self.digest, self.holdout, dict(self.params)])


@dataclass(frozen=True)
class Version:
    """One registered model; `digest` is the SHA-256 of its ONNX graph."""

    number: int
    run_id: str
    digest: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Judgement:
    """What is remembered of a verdict; `spent` when it used up the `look`-th look at `holdout`.

    `terms` are the parameters that the model was judged by.
    """

    verdict: str
    decision: str
    holdout: str
    look: int
    spent: bool
    terms: Mapping[str, Any] = field(default_factory=dict)
