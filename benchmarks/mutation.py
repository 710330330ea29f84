"""How many small changes of the gate's code its tests notice: counted over a sample of mutants."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from measure import RESULTS, ROOT, VERDICTS, environment
from mutants import (
    Judged,
    MutationError,
    copy_project,
    count_by_module,
    draw,
    judge,
    list_mutants,
    show_change,
)
from mutants_page import page
from proof.tally import wilson

TARGET: Final = RESULTS / "mutation.json"
PAGE: Final = ROOT / "docs/concepts/gate-mutants.md"
SEED: Final = 20261121
SAMPLE: Final = 200
LEAST: Final = 0.85  # of the sample must be noticed


def measure_share(judged: Sequence[Judged]) -> dict[str, Any]:
    """How many were noticed, with Wilson's interval of the share."""
    noticed = sum(mutant.noticed for mutant in judged)
    low, high = wilson(noticed, len(judged))
    rate = noticed / len(judged)
    return {
        "judged": len(judged),
        "noticed": noticed,
        "rate": round(rate, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "least": LEAST,
        "met": rate >= LEAST,
    }


def describe_survivors(folder: Path, judged: Sequence[Judged]) -> Iterator[dict[str, str]]:
    """What each survivor changes, with the reason that the results before give for it."""
    known = json.loads(TARGET.read_text(encoding="utf-8"))["survivors"] if TARGET.is_file() else []
    reasons = {tuple(one.values())[:-1]: one["reason"] for one in known}
    for mutant in judged:
        if not mutant.noticed:
            before, after = show_change(folder, mutant.name)
            change = {
                "module": mutant.module,
                "function": mutant.function,
                "before": before,
                "after": after,
            }
            yield change | {"reason": reasons.get(tuple(change.values()), "")}


def show(content: dict[str, Any]) -> None:
    """Print the counts, the survivors and the share."""
    for module, counts in content["modules"].items():
        print(f"{module:<15}" + "".join(f"{count:>5} {name}" for name, count in counts.items()))
    for one in content["survivors"]:
        print(f"\n{one['module']}.{one['function']}: {one['reason'] or 'NO REASON GIVEN'}")
        print(f"  - {one['before']}\n  + {one['after']}")
    it = content["share"]
    print(
        f"\n{it['noticed']} of {it['judged']} mutants noticed, of {content['mutants']}: "
        f"{it['rate']:.3f} [{it['low']:.3f}, {it['high']:.3f}] >= {LEAST}  {VERDICTS[it['met']]}"
    )


def measure(size: int | None, seed: int, jobs: int) -> dict[str, Any]:
    """All that is found in a copy of the project, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="contender-") as name:
        folder = Path(name)
        copy_project(ROOT, folder)
        mutants = list_mutants(folder)
        drawn = draw(mutants, size, seed=seed)
        print(f"{len(drawn)} of {len(mutants)} mutants are judged", file=sys.stderr)
        judged = judge(folder, drawn, jobs=jobs)
        return {
            "mutants": len(mutants),
            "seed": seed,
            "share": measure_share(judged),
            "modules": {module: dict(it) for module, it in count_by_module(judged).items()},
            "survivors": list(describe_survivors(folder, judged)),
        }


def main() -> int:
    """Print and keep what was found; 0, 1 when too few were noticed, 2 when nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", default=str(SAMPLE), help="of mutants, or `all`")
    parser.add_argument("--seed", type=int, default=SEED, help="another one keeps no results")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", action="store_true", help="write the page again, judge nothing")
    options = parser.parse_args()
    if options.page:
        content = json.loads(TARGET.read_text(encoding="utf-8"))
        PAGE.write_text(page(content), encoding="utf-8")
        return 0
    os.environ |= environment()
    size = None if options.number == "all" else int(options.number)
    try:
        content = measure(size, options.seed, options.jobs)
    except MutationError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 2
    show(content)
    if options.seed == SEED and size in (SAMPLE, None):
        TARGET.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(page(content), encoding="utf-8")
    explained = all(one["reason"] for one in content["survivors"])
    return 0 if content["share"]["met"] and explained else 1


if __name__ == "__main__":
    sys.exit(main())
