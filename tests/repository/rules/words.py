"""Machinery that serves every problem speaks of none."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.repository.rules.trees import read_texts, read_yaml

# The fork surface, documents, results in git, and tests that belong to the sample.
FREE: Final = re.compile(
    r"data/|params\.yaml$|src/contender/problem/|tests/(data|model)/|reports/|docs/|[\w-]+\.md$"
    r"|LICENSE$|(dvc|uv)\.lock$"
)


def words_of(root: Path) -> set[str]:
    """What only the problem in data/schema.yaml is spoken of with; empty without a schema.

    The name of the data set, names of columns that are more than one plain word, and categories
    of several words.
    """
    schema = read_yaml(root, "data/schema.yaml")
    columns = schema.get("columns")
    if not isinstance(columns, dict):
        return set()
    words = {str(schema.get("dataset"))} | {name for name in columns if "_" in name}
    for column in columns.values():
        words |= {text for text in map(str, column.get("categories", ())) if " " in text}
    return words


def strangers(root: Path, words: Iterable[str]) -> list[str]:
    """Places in the machinery that say one of `words`, or are named by one."""
    wanted = sorted(words, key=len, reverse=True)
    if not wanted:
        return ["there is no word to look for"]
    pattern = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE)
    texts = {place: text for place, text in read_texts(root).items() if not FREE.match(place)}
    broken = [] if texts else ["there is no file to look into"]
    for place, text in texts.items():
        if found := pattern.search(place):
            broken.append(f"{place} is named `{found.group()}`")
        for number, line in enumerate(text.splitlines(), start=1):
            if found := pattern.search(line):
                broken.append(f"{place}:{number} says `{found.group()}`")
    return broken
