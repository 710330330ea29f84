"""The command table: the only place that parses arguments, prints, and chooses exit codes."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from contender.errors import ContenderError

# One thread: gradient boosting spins while it waits for a busy core, up to 50 times slower.
# Memory straight from the system: Arrow's own pool gives pages back and faults them in again.
# And nothing here reports to anybody.
ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "False",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "ORT_DISABLE_TELEMETRY": "1",
}

Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """One verb: its help, its arguments, and the module of `commands` that has its function."""

    help: str
    arguments: tuple[Argument, ...] = ()
    module: str = "pipeline"
    asks: bool = False


def _flag(name: str, meaning: str) -> Argument:
    return (f"--{name}",), {"action": "store_true", "help": meaning}


def _number(name: str, meaning: str, *, required: bool = False) -> Argument:
    return (f"--{name}",), {"type": int, "metavar": "N", "help": meaning, "required": required}


def _column(name: str, meaning: str) -> Argument:
    return (f"--{name}",), {"metavar": "COLUMN", "help": meaning}


def _columns(name: str, meaning: str) -> Argument:
    named = {"metavar": "COLUMN", "action": "append", "default": []}
    return (f"--{name}",), named | {"help": f"{meaning}; may be given again"}


TASKS: Final = ("binary", "multiclass", "regression")
LOCAL: Final = _flag("local", "with the ledger of this clone alone: nothing is fetched or pushed")

STAGES: Final = {
    "ingest": Command("stage 1: type the raw table"),
    "validate": Command("stage 2: check the table against its expectations"),
    "split": Command("stage 3: hold rows out"),
    "train": Command("stage 4: fit the challenger and prove its ONNX graph"),
    "evaluate": Command("stage 5: measure the challenger on the holdout"),
}

COMMANDS: Final = STAGES | {
    "pull": Command("fetch the raw data from the DVC remote and verify it"),
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
            _flag("yes", "do not ask, even on a terminal"),
        ),
        module="adoption",
        asks=True,
    ),
    "remote": Command(
        "move the data to S3, GCS, Azure or a folder",
        (
            (("url",), {"help": "such as s3://bucket/path"}),
            (("--endpoint-url",), {"metavar": "URL", "help": "of a server that speaks S3"}),
        ),
    ),
    "expectations": Command(
        "write data/expectations.json and data/README.md from the schema",
        (_flag("check", "write nothing; fail when they are not current"),),
    ),
    "params": Command(
        "print the parameters", (_flag("schema", "print what may be set, as JSON schema"),)
    ),
    "tune": Command("search hyperparameters and write the winner to params.yaml"),
    "record": Command("log this result to the registry as the challenger", module="release"),
    "gate": Command(
        "judge the challenger against the champion",
        (
            _flag("enforce", "exit 10 on HOLD, 20 on REJECT, 30 on ERROR"),
            _flag("final", "spend a look at the holdout: this verdict counts"),
            LOCAL,
            (("--json",), {"action": "store_true", "dest": "as_json", "help": "print it as JSON"}),
            _flag("markdown", "print it as Markdown"),
            _flag("schema", "print the JSON schema of decision.json"),
        ),
        module="release",
    ),
    "promote": Command(
        "judge for good, then make the challenger the champion",
        (LOCAL,),
        module="release",
    ),
    "history": Command(
        "show what served when, on which evidence, approved by whom",
        (
            LOCAL,
            (("--json",), {"action": "store_true", "dest": "as_json", "help": "print it as JSON"}),
            _flag("markdown", "print it as Markdown"),
        ),
        module="ledger",
    ),
    "ledger": Command(
        "prove that the ledger is what was written",
        (
            (("action",), {"choices": ["verify"], "help": "name the first bad entry"}),
            LOCAL,
            (("--head",), {"metavar": "N:SHA256", "help": "a head that verify printed before"}),
        ),
        module="ledger",
    ),
    "champion": Command(
        "carry the champion's bundle to another machine",
        (
            (("action",), {"choices": ["export", "import"], "help": "write, or take, an archive"}),
            (("archive",), {"nargs": "?", "help": "what to import"}),
            (("--to",), {"metavar": "DIR", "help": "where to export to; bundles/ if not given"}),
            (("--digest",), {"help": "the only bundle that may be imported"}),
        ),
        module="ledger",
    ),
    "restore": Command(
        "make the champion of the ledger the champion here",
        (
            (
                ("--from",),
                {"dest": "place", "required": True, "metavar": "PLACE", "help": "folder or URL"},
            ),
            LOCAL,
        ),
        module="ledger",
    ),
    "report": Command("write reports/report.html, the plots and the model card", module="release"),
    "bundle": Command("put the judged result into one immutable folder", module="serving"),
    "predict": Command(
        "predict every row of a file with the model of a bundle",
        (
            (("source",), {"metavar": "INPUT", "help": "rows, in .csv or .parquet"}),
            (("target",), {"metavar": "OUTPUT", "help": "predictions, in .csv or .parquet"}),
            (("--bundle",), {"metavar": "DIR", "help": "the bundle; bundles/current if not given"}),
            (("--digest",), {"help": "the only digest that may predict"}),
        ),
        module="serving",
    ),
    "serve": Command(
        "answer calls with the model of a bundle",
        (
            (("--bundle",), {"metavar": "DIR", "help": "the bundle; bundles/current if not given"}),
            (
                ("--digest",),
                {"help": "the only one that may be served; $BUNDLE_DIGEST if not given"},
            ),
            (("--host",), {"default": "127.0.0.1", "help": "address to listen at"}),
            (("--port",), {"type": int, "default": 8000, "metavar": "N", "help": "0: any free"}),
            (("--workers",), {"type": int, "default": 1, "metavar": "N", "help": "processes"}),
            (("--log",), {"metavar": "DIR", "help": "of what was predicted; logs if not given"}),
        ),
        module="serving",
    ),
    "image": Command(
        "build the container image of a bundle",
        (
            (("--bundle",), {"metavar": "DIR", "help": "the bundle; bundles/current if not given"}),
            (("--name",), {"default": "contender", "help": "of the image; its tag is the commit"}),
            (("--base",), {"metavar": "IMAGE", "help": "instead of the one in the Dockerfile"}),
        ),
        module="image",
    ),
    "rollout": Command(
        "bring a bundle to production beside the champion, or go on with it",
        (
            (("--bundle",), {"metavar": "DIR", "help": "the bundle; bundles/current if not given"}),
            LOCAL,
        ),
        module="rollout",
    ),
    "approve": Command(
        "let the rollout that waits go to production",
        ((("--by",), {"metavar": "NAME", "required": True, "help": "who answers for it"}), LOCAL),
        module="rollout",
    ),
    "rollback": Command(
        "end the rollout under way, or bring back what was in production before",
        (
            (("--to",), {"metavar": "DIGEST", "help": "another one that served before"}),
            (("--reason",), {"required": True, "help": "kept with the record of it"}),
            LOCAL,
        ),
        module="rollout",
    ),
    "status": Command(
        "what is in production, and how far a rollout is",
        ((("--json",), {"action": "store_true", "dest": "as_json", "help": "print it as JSON"}),),
        module="rollout",
    ),
    "smoke": Command(
        "run every stage and the gate on a subset, in .smoke/",
        (_number("rows", "rows to keep", required=True),),
    ),
}


def main(argv: list[str] | None = None) -> int:
    """The exit code of the command in `argv`: 0, 1 for an error, or what the gate says."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    parser = make_parser()
    arguments = vars(parser.parse_args(argv))
    name, show_traceback = arguments.pop("command"), arguments.pop("traceback")
    if COMMANDS[name].module == "rollout":
        _let_talk("contender.deploy")
    if COMMANDS[name].asks:
        alone = arguments.pop("yes") or not sys.stdin.isatty()
        arguments["ask"] = None if alone else input
    try:
        answer = _function(name)(**arguments)
    except ContenderError as error:
        return _explain(error, show_traceback=show_traceback)
    except KeyboardInterrupt:
        print("stopped; what was finished is kept, nothing is half-written", file=sys.stderr)
        return 130
    _say(answer)
    return int(answer.code)


def make_parser() -> argparse.ArgumentParser:
    """The parser of every command in the table."""
    parser = argparse.ArgumentParser(
        prog="contender", description="A model ships only by beating the one in production."
    )
    parser.add_argument("--traceback", action="store_true", help="show where an error came from")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=command.help, description=command.help)
        for names, settings in command.arguments:
            subparser.add_argument(*names, **settings)
    return parser


def _let_talk(name: str) -> None:
    """Bring what the package `name` says while it is at work to stderr."""
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger(name)
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)


def _function(name: str) -> Callable[..., Any]:
    """What answers the command, imported only now, so that `--help` is instant."""
    module = import_module(f"contender.commands.{COMMANDS[name].module}")
    if name in STAGES:
        return lambda: module.stage(name)
    function: Callable[..., Any] = getattr(module, name)
    return function


def _say(answer: Any) -> None:
    if answer.note:
        print(answer.note, file=sys.stderr)
    try:
        print(answer.text, end="\n" if answer.text else "", flush=True)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: ContenderError, *, show_traceback: bool) -> int:
    if show_traceback:
        traceback.print_exception(error)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        text = str(error).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print(f"::error title={type(error).__name__}::{text}")
    print(f"error: {error}", file=sys.stderr)
    return 1
