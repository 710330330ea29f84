"""A file that people wrote, changed as they would: only what is meant, comments stay."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq


def with_values(text: str, changes: Mapping[str, Any]) -> str:
    """The YAML `text` of params.yaml with other values at dotted paths; comments stay."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = yaml.load(text)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = tree
        for name in parents:
            place = place.setdefault(name, {})
        if isinstance(value, list):
            value = CommentedSeq(value)
            value.fa.set_flow_style()
        if place.get(last) != value:  # an equal one keeps the way it is written
            place[last] = value
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()
