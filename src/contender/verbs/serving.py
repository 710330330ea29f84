"""The verbs of a bundle: made, served, asked, and put into an image."""

from typing import Final

from contender.verbs.command import BUNDLE, Command

VERBS: Final = {
    "bundle": Command("put the judged result into one immutable folder", module="serving"),
    "predict": Command(
        "predict every row of a file with the model of a bundle",
        (
            (("source",), {"metavar": "INPUT", "help": "rows, in .csv or .parquet"}),
            (("target",), {"metavar": "OUTPUT", "help": "predictions, in .csv or .parquet"}),
            BUNDLE,
            (("--digest",), {"help": "the only digest that may predict"}),
        ),
        module="serving",
    ),
    "serve": Command(
        "answer calls with the model of a bundle",
        (
            BUNDLE,
            (
                ("--digest",),
                {"help": "the only one that may be served; $BUNDLE_DIGEST if not given"},
            ),
            (("--host",), {"default": "127.0.0.1", "help": "address to listen at"}),
            (("--port",), {"type": int, "default": 8000, "metavar": "N", "help": "0: any free"}),
            (("--workers",), {"type": int, "default": 1, "metavar": "N", "help": "processes"}),
            (("--log",), {"metavar": "DIR", "help": "of what was predicted; logs if not given"}),
            (("--shadow",), {"metavar": "HOST:PORT", "help": "who gets copies of all calls"}),
        ),
        module="serving",
    ),
    "image": Command(
        "build the container image of a bundle",
        (
            BUNDLE,
            (("--name",), {"default": "contender", "help": "of the image; its tag is the commit"}),
            (("--base",), {"metavar": "IMAGE", "help": "instead of the one in the Dockerfile"}),
        ),
        module="image",
    ),
}
