"""The verbs that workflows call and a laptop seldom does."""

from typing import Final

from contender.verbs.command import BUNDLE, LOCAL, PLACE, Command

VERBS: Final = {
    "capabilities": Command(
        "print which features of the workflows are on, why, and what changes that",
        ((("--changed",), {"metavar": "FILE", "help": "names of changed files, one a line"}),),
        module="workflow",
    ),
    "required": Command(
        "fail unless every job in $NEEDS, the JSON of that context, did its work",
        module="workflow",
    ),
    "publish": Command(
        "put a bundle that may go to production into a Release of the repository",
        (
            BUNDLE,
            (("--image",), {"metavar": "NAME@DIGEST", "help": "the image that it is in"}),
        ),
        module="publication",
    ),
    "crown": Command(
        "make the model of a bundle, which was judged for good, the champion",
        (BUNDLE, LOCAL),
        module="succession",
    ),
    "reinstate": Command(
        "make an earlier champion the champion again: in the ledger, then here",
        (
            PLACE,
            (("--digest",), {"help": "its bundle; the one before the champion if not given"}),
            (("--reason",), {"required": True, "help": "kept in the ledger"}),
            LOCAL,
        ),
        module="succession",
    ),
}
