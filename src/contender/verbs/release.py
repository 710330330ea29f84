"""The verbs of the registry and the ledger: who was judged, who won, and what is known of it."""

from typing import Final

from contender.verbs.command import JSON, LOCAL, Command, flag

VERBS: Final = {
    "record": Command("log this result to the registry as the challenger", module="release"),
    "gate": Command(
        "judge the challenger against the champion",
        (
            flag("enforce", "exit 10 on HOLD, 20 on REJECT, 30 on ERROR"),
            flag("final", "spend a look at the holdout: this verdict counts"),
            LOCAL,
            JSON,
            flag("markdown", "print it as Markdown"),
            flag("schema", "print the JSON schema of decision.json"),
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
            JSON,
            flag("markdown", "print it as Markdown"),
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
}
