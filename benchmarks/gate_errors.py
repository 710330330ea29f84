"""How often the gate errs: counted over thousands of decisions on populations of known truth."""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

import numpy as np
from measure import RESULTS, ROOT, VERDICTS, environment
from proof.guards import guard_experiments
from proof.promotion import curve_experiments, promotion_experiments
from proof.rivals import rival_experiments
from proof.sample import sample_worlds
from proof.tally import Experiment, Row, measure_all
from proof.tries import TRIES, tries_experiments
from proof.verdicts import ask, gate_params, show
from proof.worlds import World, binormal, skewed_numbers, three_classes

TARGET: Final = RESULTS / "gate_errors.json"
DECISIONS: Final = 30  # made twice, in two processes, to see whether they are the same bytes
REPLICATES: Final = 1_000
ERRORS: Final = 2_000  # replicates of the rows that say how often a model passes undeserved


def experiments(worlds: Sequence[World], *, share: float) -> Iterator[Experiment]:
    """Everything that is measured, with this `share` of the replicates."""
    replicates, errors = int(share * REPLICATES), int(share * ERRORS)
    yield from promotion_experiments(worlds, replicates=replicates, errors=errors)
    yield from tries_experiments(worlds, replicates=replicates)
    yield from guard_experiments(worlds, replicates=replicates)
    yield from rival_experiments(replicates=replicates)
    yield from curve_experiments(replicates=replicates)


def digests() -> list[str]:
    """One digest for each of some decisions, with F1 by bootstrap among their estimates."""
    worlds = (binormal(), three_classes(), skewed_numbers())
    found = []
    for number in range(DECISIONS):
        world, rng = worlds[number % len(worlds)], np.random.default_rng(number)
        places = world.draw(rng, 500)
        models = world.draw_equals(rng, places)
        evidence = show(world.task, world.target[places], *models, classes=world.classes)
        primary = "rmse" if world.classes == () else "log_loss"
        decision = ask(evidence, gate_params(primary=primary, bootstrap_replicates=2_000))
        found.append(hashlib.sha256(decision.model_dump_json().encode()).hexdigest())
    return found


def count_same() -> int:
    """How many decisions two processes make with the same bytes, their hash seeds apart."""
    command = [sys.executable, __file__, "--digests"]
    said = [
        subprocess.run(
            command, cwd=ROOT, env=environment(PYTHONHASHSEED=seed), capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    one, other = (json.loads(text) for text in said)
    return sum(a == b for a, b in zip(one, other, strict=True))


def show_rows(rows: Sequence[Row]) -> None:
    """Print a line for each row."""
    for row in rows:
        limit = ""
        if row.limit is not None:
            limit = f"{'>=' if row.at_least else '<='} {row.limit:.4f}  {VERDICTS[row.met]}"
        print(
            f"{row.point:>5}  {row.claim:<62.62} {row.source:<9} {row.metric:<20} {row.rows:>6,} "
            f"{row.hits:>6,}/{row.replicates:<6,} {row.rate:.4f} [{row.low:.4f}, {row.high:.4f}] "
            f"{limit}"
        )


def main() -> int:
    """Print the rows, write results/gate_errors.json; 0 when every bar is met, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 %% of the replicates; kept nowhere")
    parser.add_argument("--digests", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.digests:
        print(json.dumps(digests()))
        return 0
    os.environ |= environment()
    started = time.monotonic()
    worlds = [binormal(TRIES + 1), three_classes(), skewed_numbers(), *sample_worlds(TRIES + 1)]
    planned = list(experiments(worlds, share=0.02 if options.quick else 1.0))
    rows = measure_all(planned, say=lambda text: print(text, file=sys.stderr))
    same = count_same()
    show_rows(rows)
    print(f"{same} of {DECISIONS} decisions have the same bytes in two processes")
    missed = [row for row in rows if row.met is False]
    print(f"{len(missed)} bars missed of {sum(row.met is not None for row in rows)}")
    print(f"{time.monotonic() - started:.0f} s")
    if not options.quick:
        content = {
            "same_bytes": {"decisions": DECISIONS, "same": same},
            "rows": [asdict(row) for row in rows],
        }
        TARGET.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0 if not missed and same == DECISIONS else 1


if __name__ == "__main__":
    sys.exit(main())
