"""The verbs of the road to production, and of the road back."""

from typing import Final

from contender.verbs.command import BUNDLE, JSON, LOCAL, Command

VERBS: Final = {
    "staging": Command(
        "test a running server before it gets any traffic",
        (
            (
                ("--address",),
                {"metavar": "HOST:PORT", "help": "of the server; one is started if not given"},
            ),
            BUNDLE,
            JSON,
        ),
        module="rollout",
    ),
    "rollout": Command(
        "bring a bundle to production beside the champion, or go on with it",
        (BUNDLE, LOCAL),
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
        (JSON,),
        module="rollout",
    ),
}
