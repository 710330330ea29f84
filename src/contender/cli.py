"""The command line: the only place that parses arguments, prints, and chooses exit codes."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from contender.errors import ContenderError
from contender.verbs import COMMANDS, STAGES

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


def main(argv: list[str] | None = None) -> int:
    """The exit code of the command in `argv`: 0, 1 for an error, or what the gate says."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    parser = make_parser()
    arguments = vars(parser.parse_args(argv))
    name, show_traceback = arguments.pop("command"), arguments.pop("traceback")
    if COMMANDS[name].module in ("rollout", "trial"):
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
    if answer.notice:
        _annotate("notice", "contender", answer.notice)
    if answer.outputs and (place := os.environ.get("GITHUB_OUTPUT")):
        with open(place, "a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={value}\n" for name, value in answer.outputs.items())
    try:
        print(answer.text, end="\n" if answer.text else "", flush=True)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: ContenderError, *, show_traceback: bool) -> int:
    if show_traceback:
        traceback.print_exception(error)
    _annotate("error", type(error).__name__, str(error))
    print(f"error: {error}", file=sys.stderr)
    return 1


def _annotate(level: str, title: str, text: str) -> None:
    """Put `text` at the head of a run on GitHub; standard output may be the job's summary."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        flat = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print(f"::{level} title={title}::{flat}", file=sys.stderr)
