"""Commands for a pull request: the document of a run, and the comment that carries it."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.commands.answer import Answer
from contender.errors import ContenderError, DeniedError, MissingError, ParameterError
from contender.paths import Paths

HITS: Final = ("true", "false", "")  # what an action of GitHub says of a cache; "" is none found


def summary(base: str, cache: list[str], to: str | None) -> Answer:
    """Everything about this run in one Markdown document, also when it ended before a verdict."""
    from contender.reporting import loader
    from contender.reporting.summary import render_summary

    paths = Paths()
    decision = loader.load_material(paths).decision if paths.decision.is_file() else None
    results = loader.load_results(paths)
    text = render_summary(decision, results, _find_change(paths, base), _find_usage(cache))
    if to is None:
        return Answer(text=text.rstrip())
    files.write_text(Path(to), text)
    return Answer(note=f"summary: {len(text):,} characters in {to}")


def comment(file: str, pull_request: int | None) -> Answer:
    """Put the document in `file` into the one comment on the pull request.

    The standard library is enough: where a token may write, nothing needs to be installed.
    """
    from contender.comment import MAX_CHARS, find_pull_request, put_comment
    from contender.github import find_host
    from contender.reporting.markup import fit

    text = files.read_bytes(Path(file), made_by="contender summary --to").decode("utf-8")
    if not text.strip():
        raise MissingError(
            f"`{file}` is empty; expected the document of a run.",
            hint="`contender summary --to FILE` writes it",
        )
    host = find_host()
    number = pull_request or find_pull_request(host)
    if number is None:
        return Answer(note="comment: none written, because this run is for no pull request")
    shortened = fit(text, MAX_CHARS, rest="the summary of the run has all of it.")
    try:
        return Answer(text=put_comment(host, number, shortened))
    except (DeniedError, MissingError) as error:
        why = "the token may only read, as for a pull request from a fork"
        return Answer(note=f"comment: none written, because {why}: {error.args[0]}")


def _find_change(paths: Paths, base: str) -> Any:
    """The parameters here and at `base`; a commit that is not there is none without parameters."""
    from ruamel.yaml.error import YAMLError

    from contender.ledger.git import Repository
    from contender.params import parse_yaml, read_yaml
    from contender.reporting.summary import Change

    said = Repository(paths.root).ask("cat-file", "blob", f"{base}:./{paths.params.name}")
    try:
        before = parse_yaml(said.out)
    except YAMLError:
        before = None
    is_there = said.code == 0 and isinstance(before, Mapping)
    return Change(base, before if is_there else None, read_yaml(paths.params))


def _find_usage(caches: list[str], environment: Mapping[str, str] = os.environ) -> Any:
    """The jobs of this run that have ended, and the caches that a workflow names."""
    from contender.github import find_host
    from contender.reporting.summary import Usage

    hits = [_parse_cache(text) for text in caches]
    run = environment.get("GITHUB_RUN_ID")
    if not run:
        return Usage(caches=hits, unknown="this is no run on GitHub")
    try:
        found = find_host(environment).get_all(f"actions/runs/{run}/jobs", key="jobs")
    except ContenderError as error:  # the report of a run does not fail for want of its minutes
        return Usage(caches=hits, unknown=str(error.args[0]))
    return Usage([_as_job(it) for it in found if it["completed_at"]], hits)


def _as_job(told: Mapping[str, Any]) -> Any:
    from contender.reporting.summary import Job

    started, ended = (datetime.fromisoformat(told[it]) for it in ("started_at", "completed_at"))
    return Job(told["name"], (ended - started).total_seconds(), told["conclusion"])


def _parse_cache(text: str) -> tuple[str, bool]:
    name, mark, hit = text.partition("=")
    if not name or not mark or hit not in HITS:
        raise ParameterError(
            f"`{text}` is no cache; expected its name and whether it was found, as `uv=true`.",
            hint="the output `cache-hit` of the action says it",
        )
    return name, hit == "true"
