"""The results of `make bench-gate` as tables and plots of docs/concepts; --check only compares."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from measure import RESULTS, ROOT
from proof.plots import draw
from proof.tables import MADE, every_row, judges, summary

DOCS: Final = ROOT / "docs/concepts"
PAGE: Final = "gate.md"
BLOCKS: Final = {"measured": summary, "judges": lambda content, _: judges(content)}


def pages(results: Path, docs: Path) -> Iterator[tuple[str, str]]:
    """The name and the text of every file that is made of the results.

    Raises:
        SystemExit: the page has no place for a table.
    """
    content = json.loads((results / "gate_errors.json").read_text(encoding="utf-8"))
    speed = json.loads((results / "gate.json").read_text(encoding="utf-8"))
    text = (docs / PAGE).read_text(encoding="utf-8")
    for name, make in BLOCKS.items():
        place = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", re.DOTALL)
        if not place.search(text):
            sys.exit(f"{docs / PAGE} has no `<!-- {name} -->` with `<!-- /{name} -->` after it")
        block = f"{MADE}\n\n{make(content, speed)}\n\n"
        text = place.sub(lambda _, block=block: block, text)
    yield PAGE, text
    yield "gate-errors.md", every_row(content)
    yield from draw(content)


def main() -> int:
    """Write the files, or with --check name those that differ; 1 when there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, default=DOCS)
    options = parser.parse_args()
    stale = []
    for name, text in pages(options.results, options.docs):
        path = options.docs / name
        if options.check and (not path.is_file() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not options.check:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/concepts/{name} is not what benchmarks/results say; run `make bench-gate`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
