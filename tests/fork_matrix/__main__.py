"""`make fork-matrix`: the table of personas and jobs; its last line counts what is as expected."""

import sys
from pathlib import Path

from tests.fork_matrix.model import Job, jobs_of
from tests.fork_matrix.personas import PERSONAS, Persona

ROOT = Path(__file__).parents[2]


def render(found: dict[str, list[Job]]) -> str:
    """A row a job, a column a persona: whether it runs, and what is not as expected."""
    lines = [f"{number}. {persona.name}" for number, persona in enumerate(PERSONAS, start=1)]
    numbers = "  ".join(str(number) for number in range(1, len(PERSONAS) + 1))
    lines += ["", f"{'run: ●   skip: ·':24}{numbers}"]
    for rows in zip(*found.values(), strict=True):
        marks = ["●" if job.runs else "·" for job in rows]
        lines.append(f"{rows[0].name:24}{'  '.join(marks)}")
    checked = [(who, job) for who in PERSONAS for job in found[who.name]]
    wrong = [(who, job, fault) for who, job in checked for fault in faults(who, job)]
    lines += ["", *(f"{who.name}: {job.name} {fault}" for who, job, fault in wrong)]
    right = len(checked) - len({(who.name, job.name) for who, job, _ in wrong})
    return "\n".join([*lines, f"{right}/{len(checked)} as expected"])


def faults(persona: Persona, job: Job) -> list[str]:
    """What is not as expected of one job for one persona."""
    expected = job.name in persona.runs
    said = "runs" if job.runs else "is skipped"
    found = [] if job.runs == expected else [f"{said}; expected the opposite"]
    return found + [f"runs and lacks {what}" for what in job.lacks]


def main(root: Path = ROOT) -> int:
    """Print the table; exit code 1 when anything is not as expected."""
    found = {persona.name: list(jobs_of(root, persona)) for persona in PERSONAS}
    print(render(found))
    return int(any(faults(who, job) for who in PERSONAS for job in found[who.name]))


if __name__ == "__main__":
    sys.exit(main())
