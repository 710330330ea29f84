"""The verbs that look at a run and at the repository, and change neither."""

from typing import Final

from contender.verbs.command import JSON, Command, number

VERBS: Final = {
    "reproduce": Command(
        "run every stage from nothing, beside the result, and compare with dvc.lock",
        module="workspace",
    ),
    "summary": Command(
        "everything about this run as one Markdown document",
        (
            (
                ("--base",),
                {"default": "HEAD^1", "metavar": "COMMIT", "help": "to compare params.yaml with"},
            ),
            (
                ("--cache",),
                {
                    "action": "append",
                    "default": [],
                    "metavar": "NAME=HIT",
                    "help": "a cache and whether it was found, as uv=true",
                },
            ),
            (("--to",), {"metavar": "FILE", "help": "written there; printed if not given"}),
        ),
        module="pull_request",
    ),
    "comment": Command(
        "put such a document into the one comment on the pull request",
        (
            (("file",), {"help": "the document"}),
            number("pull-request", "the pull request; that of the run if not given"),
        ),
        module="pull_request",
    ),
    "doctor": Command(
        "what is set up, what is missing, what is protected, and the command for each",
        (JSON,),
        module="workspace",
    ),
}
