"""The verbs of the data and the stages: what `dvc repro` runs, and what a person turns."""

from typing import Final

from contender.verbs.command import Command, flag, number

STAGES: Final = {
    "ingest": Command("stage 1: type the raw table"),
    "validate": Command("stage 2: check the table against its expectations"),
    "split": Command("stage 3: hold rows out"),
    "train": Command("stage 4: fit the challenger and prove its ONNX graph"),
    "evaluate": Command("stage 5: measure the challenger on the holdout"),
}

VERBS: Final = {
    "pull": Command("fetch the raw data from the DVC remote and verify it"),
    "remote": Command(
        "move the data to S3, GCS, Azure or a folder",
        (
            (("url",), {"help": "such as s3://bucket/path"}),
            (("--endpoint-url",), {"metavar": "URL", "help": "of a server that speaks S3"}),
        ),
    ),
    "expectations": Command(
        "write data/expectations.json and data/README.md from the schema",
        (flag("check", "write nothing; fail when they are not current"),),
    ),
    "params": Command(
        "print the parameters", (flag("schema", "print what may be set, as JSON schema"),)
    ),
    "tune": Command("search hyperparameters and write the winner to params.yaml"),
    "smoke": Command(
        "run every stage and the gate on a subset, in .smoke/",
        (number("rows", "rows to keep", required=True),),
    ),
}
