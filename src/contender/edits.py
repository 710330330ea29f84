"""Changes to params.yaml that a command makes, as a person would: nothing else in it moves."""

import io
from collections.abc import Callable, Mapping
from typing import Any

from ruamel.yaml import YAML

from contender.params import Setting


def with_hyperparameters(text: str, estimator: str, settings: Mapping[str, Setting]) -> str:
    """The YAML `text` of params.yaml with other settings for `estimator`; comments stay."""
    return _edit(
        text,
        lambda tree: tree["train"]["hyperparameters"].setdefault(estimator, {}).update(settings),
    )


def with_mode(text: str, mode: str) -> str:
    """The YAML `text` of params.yaml with another mode of the gate; comments stay."""
    return _edit(text, lambda tree: tree["gate"].update(mode=mode))


def _edit(text: str, change: Callable[[Any], None]) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = yaml.load(text)
    change(tree)
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()
