"""Mutants of the gate: small changes of its code, each put before the gate's own tests by mutmut.

Whatever is neither noticed nor overlooked is an error, and so is a run that judged nothing: tests
that fail without any change would otherwise "notice" every one.
"""

import contextlib
import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MUTATED: Final = Path("src/contender/release/gate")
COPIED: Final = ("src", "tests", "params.yaml", "pyproject.toml")
MUTMUT: Final = (str(Path(sys.executable).with_name("mutmut")),)
# Exit codes of pytest as mutmut keeps them; 33 and 5 mean that no test reaches the function, the
# last line is what ends a process whose time is over.
OUTCOMES: Final[Mapping[int | None, str]] = {
    1: "killed",
    0: "survived",
    **dict.fromkeys((5, 33), "unreached"),
    **dict.fromkeys((-9, -24, 24, 36, 152), "timeout"),
}
NOTICED: Final = ("killed", "timeout")


class MutationError(Exception):
    """Nothing can be said of the tests, good or bad."""


@dataclass(frozen=True)
class Judged:
    """One mutant, by the name that mutmut gives it, and what became of it."""

    name: str
    outcome: str

    @property
    def module(self) -> str:
        """The module that was changed, without its package."""
        return self.name.rpartition(".")[0].rpartition(".")[2]

    @property
    def function(self) -> str:
        """The function or `Class.method` that was changed."""
        mangled = self.name.rpartition(".")[2].partition("__mutmut_")[0]
        return re.sub("^x[_ǁ]", "", mangled).replace("ǁ", ".")

    @property
    def noticed(self) -> bool:
        """True when a test failed, or did not end in time."""
        return self.outcome in NOTICED


def copy_project(root: Path, folder: Path) -> None:
    """Put into `folder` what the gate's tests need of the work tree."""
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(
                root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy2(root / name, folder / name)


def list_mutants(folder: Path) -> list[str]:
    """The name of every mutant of the gate, in order."""
    from mutmut.mutation.file_mutation import (  # pylint: disable=import-error  # group `mutation`
        mutate_file_contents,
    )
    from mutmut.utils.format_utils import get_mutant_name  # pylint: disable=import-error  # as above

    with contextlib.chdir(folder):
        return [
            get_mutant_name(path, name)
            for path in sorted(MUTATED.glob("*.py"))
            for name in mutate_file_contents(
                str(path), path.read_text(encoding="utf-8")
            ).mutant_names
        ]


def draw(names: Sequence[str], size: int | None, *, seed: int) -> list[str]:
    """A random sample of `names` in their order; all of them when there are no more, or for None.

    Raises:
        MutationError: there is nothing to draw, or nothing was asked for.
    """
    if not names or size is not None and size < 1:
        raise MutationError(f"`{size}` of {len(names)} mutants; expected at least one of some")
    if size is None or size >= len(names):
        return list(names)
    chosen = set(random.Random(seed).sample(range(len(names)), size))
    return [name for place, name in enumerate(names) if place in chosen]


def judge(
    folder: Path, names: Sequence[str], *, jobs: int, command: Sequence[str] = MUTMUT
) -> list[Judged]:
    """What became of each mutant under the tests, in the order of `names`.

    Raises:
        MutationError: the tests fail without any mutant, or some mutant has no clear answer.
    """
    done = subprocess.run(
        [*command, "run", "--max-children", str(jobs), *names],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MutationError(f"{done.stdout[-2000:]}\nmutmut ended with `{done.returncode}`")
    codes = dict(_exit_codes(folder))
    unclear = {name: codes.get(name) for name in names if codes.get(name) not in OUTCOMES}
    if unclear or not names:
        raise MutationError(f"{len(unclear)} of {len(names)} have no clear answer: {unclear}")
    return [Judged(name, OUTCOMES[codes[name]]) for name in names]


def _exit_codes(folder: Path) -> Iterator[tuple[str, int | None]]:
    for path in folder.glob("mutants/**/*.meta"):
        yield from json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].items()


def show_change(folder: Path, name: str) -> tuple[str, str]:
    """The lines before and after the mutant's change, each as one."""
    from mutmut.mutation.diff_apply import (  # pylint: disable=import-error  # group `mutation`
        get_diff_for_mutant,
    )

    with contextlib.chdir(folder):
        lines = get_diff_for_mutant(name).splitlines()[2:]
    before, after = (
        " ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return before, after


def count_by_module(judged: Sequence[Judged]) -> dict[str, Counter[str]]:
    """How often each outcome was met, by module."""
    counts: dict[str, Counter[str]] = {}
    for mutant in judged:
        counts.setdefault(mutant.module, Counter())[mutant.outcome] += 1
    return counts
