"""The verb that brings another team's table in."""

from typing import Final

from contender.verbs.command import Argument, Command, flag

TASKS: Final = ("binary", "multiclass", "regression")


def _column(name: str, meaning: str) -> Argument:
    return (f"--{name}",), {"metavar": "COLUMN", "help": meaning}


def _columns(name: str, meaning: str) -> Argument:
    named = {"metavar": "COLUMN", "action": "append", "default": []}
    return (f"--{name}",), named | {"help": f"{meaning}; may be given again"}


VERBS: Final = {
    "adopt": Command(
        "make a CSV or Parquet file the data of this project, and run the pipeline on it",
        (
            (("source",), {"metavar": "FILE", "help": "rows with a header, in .csv or .parquet"}),
            _column("target", "what is predicted; asked for on a terminal"),
            (("--task",), {"choices": TASKS, "help": "found out if not given"}),
            _column("id", "names each row once"),
            _column("time", "a date: the newest rows are held out"),
            _column("group", "rows with one value stay together"),
            (("--positive",), {"metavar": "VALUE", "help": "of the target: the event"}),
            _columns("sensitive", "whose groups are compared for fairness"),
            _columns("drop", "that the model must not see"),
            (("--dry-run",), {"action": "store_true", "help": "show what would change"}),
            flag("yes", "do not ask, even on a terminal"),
        ),
        module="adoption",
        asks=True,
    ),
}
