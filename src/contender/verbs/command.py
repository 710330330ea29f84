"""What a verb is: its help, its arguments, and the module of `commands` that answers it."""

from dataclasses import dataclass
from typing import Any, Final

Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """One verb: its help, its arguments, the module of `commands` that has its function.

    One that `asks` talks with whoever sits at the terminal, unless `--yes` is said.
    """

    help: str
    arguments: tuple[Argument, ...] = ()
    module: str = "pipeline"
    asks: bool = False


def flag(name: str, meaning: str) -> Argument:
    """The argument of a yes or no."""
    return (f"--{name}",), {"action": "store_true", "help": meaning}


def number(name: str, meaning: str, *, required: bool = False) -> Argument:
    """The argument of a whole number."""
    return (f"--{name}",), {"type": int, "metavar": "N", "help": meaning, "required": required}


LOCAL: Final = flag("local", "with the ledger of this clone alone: nothing is fetched or pushed")
JSON: Final[Argument] = (
    ("--json",),
    {"action": "store_true", "dest": "as_json", "help": "print it as JSON"},
)
PLACE: Final[Argument] = (
    ("--from",),
    {"dest": "place", "required": True, "metavar": "PLACE", "help": "folder, URL, or `github`"},
)
BUNDLE: Final[Argument] = (
    ("--bundle",),
    {"metavar": "DIR", "help": "the bundle; bundles/current if not given"},
)
