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
        module="trial",
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
    "resume": Command(
        "go on with the rollout under way, or start again what is in production",
        (LOCAL,),
        module="rollout",
    ),
    "status": Command(
        "what is in production, and how far a rollout is",
        (JSON,),
        module="rollout",
    ),
    "judge": Command(
        "watch a canary of a cluster by what Prometheus counts: exit 0 on, 20 back, 10 undecided",
        (
            (("--prometheus",), {"metavar": "URL", "required": True, "help": "its address"}),
            (("--canary",), {"metavar": "SELECTOR", "required": True, "help": 'as pod=~"new-.+"'}),
            (("--control",), {"metavar": "SELECTOR", "required": True, "help": "of the champion"}),
            (("--share",), {"type": float, "required": True, "help": "of calls, to the canary"}),
            (("--seconds",), {"type": float, "help": "2 x release.step_s if not given"}),
            JSON,
        ),
        module="trial",
    ),
}
