"""Whether git has the result of what git has: dvc.lock against this tree, and against a new run."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, RootModel
from pydantic import ValidationError as PydanticError
from ruamel.yaml.error import YAMLError

from contender.errors import IntegrityError, ReproductionError
from contender.objects import md5_of
from contender.params import describe, parse_yaml

HINT: Final = "`dvc repro && git add dvc.lock reports`, then commit"
# What is made before anything is fitted is the same on every machine, to the byte.
EXACT: Final = ("ingest", "validate", "split")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Locked(_Part):
    """One file or folder, and its MD5 as DVC makes it."""

    path: str
    md5: str


class Stage(_Part):
    """What one stage read and wrote."""

    deps: tuple[Locked, ...] = Field(min_length=1)
    params: dict[str, dict[str, Any]] = Field(min_length=1)
    outs: tuple[Locked, ...] = Field(min_length=1)


class Lock(_Part):
    """What dvc.lock holds: a lock of nothing is none."""

    stages: dict[str, Stage] = Field(min_length=1)


class Metrics(RootModel[dict[str, FiniteFloat]]):  # pylint: disable=too-few-public-methods # data
    """What reports/metrics.json holds: no metrics are none."""

    root: dict[str, FiniteFloat] = Field(min_length=1)


@dataclass(frozen=True)
class Outcome:
    """How many outputs were compared, those that differ, and how far the metrics are apart.

    A metric larger than one is apart by a share of itself.
    """

    outputs: int
    changed: tuple[str, ...]
    difference: float


def parse_lock(text: str) -> Lock:
    """The lock in the text of a dvc.lock.

    Raises:
        IntegrityError: it is empty, or DVC did not write it.
    """
    try:
        return Lock.model_validate(parse_yaml(text))
    except (YAMLError, PydanticError) as error:
        said = describe(error) if isinstance(error, PydanticError) else f"  {error}"
        raise IntegrityError(
            f"`dvc.lock` of the commit cannot be used:\n{said}\nexpected every stage with what it "
            "read and wrote.",
            hint=HINT,
        ) from error


def parse_metrics(text: str) -> Mapping[str, float]:
    """The metrics in the text of a reports/metrics.json.

    Raises:
        IntegrityError: there is none, or one that is no finite number.
    """
    try:
        return Metrics.model_validate_json(text).root
    except PydanticError as error:
        raise IntegrityError(
            f"`reports/metrics.json` of the commit cannot be used:\n{describe(error)}", hint=HINT
        ) from error


def find_stale(lock: Lock, pipeline: Mapping[str, Any], params: Any, root: Path) -> list[str]:
    """Why `lock` is not about the tree below `root`, one line each; empty when it is.

    `pipeline` is what dvc.yaml says, `params` what params.yaml does.
    """
    wanted, found = set(pipeline.get("stages") or ()), set(lock.stages)
    lines = [
        f"the stage `{name}` is in only one of dvc.yaml and dvc.lock" for name in wanted ^ found
    ]
    made = {out.path for stage in lock.stages.values() for out in stage.outs}
    for name, stage in lock.stages.items():
        read = [file for file in stage.deps if file.path not in made]
        lines += [
            f"`{name}` read another `{file.path}`"
            for file in read
            if digest_of(root / file.path) != file.md5
        ]
        lines += [
            f"`{name}` ran with another `{key}`"
            for told in stage.params.values()
            for key, value in told.items()
            if _look_up(params, key) != value
        ]
    return sorted(lines)


def compare(
    lock: Lock, work: Path, before: Mapping[str, float], now: Mapping[str, float]
) -> Outcome:
    """What a new run below `work`, with the metrics `now`, made of `lock` and the metrics `before`.

    Raises:
        ReproductionError: data differs, or there are other metrics.
    """
    if before.keys() != now.keys():
        raise ReproductionError(
            f"the run has the metrics `{', '.join(now)}`; expected `{', '.join(before)}`.",
            hint=HINT,
        )
    changed = {
        file.path: name
        for name, stage in lock.stages.items()
        for file in stage.outs
        if digest_of(work / file.path) != file.md5
    }
    if other := [path for path, name in changed.items() if name in EXACT]:
        raise ReproductionError(
            f"the run made other data than dvc.lock names: `{', '.join(other)}`.", hint=HINT
        )
    count = sum(len(stage.outs) for stage in lock.stages.values())
    apart = (abs(now[name] - value) / max(1.0, abs(value)) for name, value in before.items())
    return Outcome(count, tuple(changed), max(apart))


def require_same(outcome: Outcome, *, limit: float) -> None:
    """Nothing, when every output is the same to the byte, or no metric is further than `limit`.

    Two processors may round the last digit of a model differently: `limit` is what the two forms
    of one model may differ by, `train.max_parity_error`.

    Raises:
        ReproductionError: neither.
    """
    if outcome.changed and outcome.difference > limit:
        raise ReproductionError(
            f"a run from nothing gives another result than the commit has: "
            f"`{', '.join(outcome.changed)}`. A metric differs by {outcome.difference:.2g}; "
            f"expected at most {limit:g}.",
            hint=HINT,
        )


def digest_of(path: Path) -> str:
    """The MD5 of a file or folder as DVC makes it; empty when there is neither."""
    if path.is_file():
        return md5_of(path)
    listed = sorted(_list(path), key=lambda it: it["relpath"])
    text = json.dumps(listed, sort_keys=True).encode()
    return f"{hashlib.md5(text, usedforsecurity=False).hexdigest()}.dir" if listed else ""


def _list(folder: Path) -> Iterator[dict[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield {"md5": md5_of(path), "relpath": path.relative_to(folder).as_posix()}


def _look_up(tree: Any, key: str) -> Any:
    """The value at the dotted `key`; NaN, which is equal to nothing, when there is none."""
    for name in key.split("."):
        if not isinstance(tree, Mapping) or name not in tree:
            return math.nan
        tree = tree[name]
    return tree
