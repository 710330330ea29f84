"""The command line: one table of verbs, one place that turns errors into words and exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from contender.cli import main
from contender.verbs import COMMANDS, STAGES
from contender.params import load_params
from tests import datasets
from tests.servers.bundles import make_bundle

# A shell starts background jobs deaf to Ctrl-C, and a test run may be one.
HEARING = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("contender", run_name="__main__", alter_sys=True)
"""


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m contender` with `arguments` in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "contender", *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Every verb of the table with what it does; exit code 0."""
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert caught.value.code == 0
    for name, command in COMMANDS.items():
        assert f"{name} {command.help}" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also each for itself."""
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    assert COMMANDS[name].help in " ".join(capsys.readouterr().out.split())


def test_help_loads_nothing_heavy() -> None:
    """`--help` imports no library that a stage needs, so it answers at once."""
    code = (
        "import sys\n"
        "from contender.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'sklearn', 'pydantic', 'dvc', 'onnx'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_nobody_is_reported_to(tmp_path: Path) -> None:
    """ONNX Runtime, which would keep an identity of the machine to report it, leaves nothing."""
    code = "from contender import cli; cli.main(['params']); import contender.inference"
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment = os.environ | places
    environment.pop("ORT_DISABLE_TELEMETRY")
    command = [sys.executable, "-c", code]
    subprocess.run(command, cwd=datasets.ROOT, env=environment, check=True, capture_output=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["ingest", "--colour"], ["smoke"], ["remote"], ["predict", "a"]]
)
def test_what_is_no_command_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 with usage on stderr, nothing on stdout."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert "usage: contender" in error


def test_a_stage_talks_on_stderr(tmp_path: Path) -> None:
    """stdout is for data: a stage has none."""
    datasets.boxes(300).write(tmp_path / "boxes")
    done = run(tmp_path / "boxes", "ingest")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "ingest: 300 rows, 10 columns typed\n"


def test_an_error_is_three_parts_and_exit_code_one(tmp_path: Path) -> None:
    """Message, empty line, hint; no traceback, unless it is asked for."""
    done = run(tmp_path, "ingest")
    assert (done.returncode, done.stdout) == (1, "")
    message, hint = done.stderr.strip().split("\n\n")
    assert message.startswith("error: `params.yaml` cannot be read")
    assert hint.startswith("hint: ")
    shown = run(tmp_path, "--traceback", "ingest")
    assert shown.returncode == 1
    assert "Traceback (most recent call last)" in shown.stderr
    assert shown.stderr.endswith(done.stderr)


def test_github_shows_an_error_beside_the_code(tmp_path: Path) -> None:
    """Under GitHub Actions the same error is one line of a workflow command, line ends escaped."""
    (tmp_path / "params.yaml").write_text("split: {100%: 1}\n", encoding="utf-8")
    done = run(tmp_path, "ingest", GITHUB_ACTIONS="true")
    assert done.returncode == 1
    (line,) = [text for text in done.stderr.splitlines() if text.startswith("::error")]
    assert line.startswith("::error title=ParameterError::`params.yaml` has entries")
    assert "%0A%0Ahint: " in line
    assert "100%25" in line
    assert "error: `params.yaml` has entries" in done.stderr


def test_params_prints_what_there_is_and_what_may_be(tmp_path: Path) -> None:
    """As JSON on stdout: the values, or with --schema a JSON schema that they fit."""
    import jsonschema

    paths = datasets.boxes(300).write(tmp_path / "boxes")
    values = json.loads(run(paths.root, "params").stdout)
    schema: dict[str, Any] = json.loads(run(paths.root, "params", "--schema").stdout)
    assert values == load_params(paths.params).model_dump(mode="json", by_alias=True)
    jsonschema.validate(values, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(datasets.changed(values, {"split.holdout": 3}), schema)


def test_expectations_are_written_and_checked(tmp_path: Path) -> None:
    """--check writes nothing and fails until the command itself was run."""
    paths = datasets.boxes(300).write(tmp_path / "boxes")
    datasets.run_stages(paths, "ingest")
    paths.expectations.unlink()
    stale = run(paths.root, "expectations", "--check")
    assert stale.returncode == 1
    assert "expectations.json" in stale.stderr
    assert not paths.expectations.exists()
    assert run(paths.root, "expectations").returncode == 0
    assert run(paths.root, "expectations", "--check").returncode == 0
    datasets.change_column(paths, "items", range=[0, 50])
    assert run(paths.root, "expectations", "--check").returncode == 1


def test_tune_writes_the_winner(tmp_path: Path) -> None:
    """The best settings are in params.yaml, the trials in reports/tuning.json."""
    paths = datasets.boxes(300).write(
        tmp_path / "boxes",
        train__estimator="linear",
        train__hyperparameters__linear__strength=1e6,
        tune__space__linear={"strength": [0.5]},
    )
    datasets.run_stages(paths, "ingest", "validate", "split")
    done = run(paths.root, "tune")
    assert done.returncode == 0
    assert "{'strength': 0.5}" in done.stdout
    assert load_params(paths.params).train.hyperparameters["linear"] == {"strength": 0.5}
    trials = json.loads(paths.tuning.read_text(encoding="utf-8"))["trials"]
    assert [trial["settings"] for trial in trials] == [{"strength": 0.5}, {"strength": 1e6}]


def test_refresh_asks_of_the_next_model_that_it_does_no_harm(tmp_path: Path) -> None:
    """The gate's mode is another one, and nothing else; twice is once."""
    paths = datasets.boxes(300).write(tmp_path / "boxes")
    before = load_params(paths.params)
    for _ in range(2):
        assert run(paths.root, "refresh").returncode == 0
    gate = before.gate.model_copy(update={"mode": "refresh"})
    assert load_params(paths.params) == before.model_copy(update={"gate": gate})


def test_predict_writes_a_file_and_says_whose_predictions_they_are(tmp_path: Path) -> None:
    """Nothing on stdout; rows, seconds and the digest in one line on stderr, without a bar."""
    bundle = make_bundle(tmp_path)
    project = next(tmp_path.glob("boxes-*"))
    arguments = ["predict", "data/raw/boxes.csv", "out.parquet", "--bundle", str(bundle.folder)]
    done = run(project, *arguments, "--digest", bundle.digest)

    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(
        rf"predict: 900 rows in \d+\.\d s by the model {bundle.digest}\n", done.stderr
    )
    assert (project / "out.parquet").is_file()


@pytest.mark.parametrize("named", [["--digest", "0" * 64], ["--bundle", "none"], []])
def test_predict_needs_the_bundle_that_is_asked_for(tmp_path: Path, named: list[str]) -> None:
    """Another digest, another folder, no bundle at all: exit code 1, and no file."""
    bundle = make_bundle(tmp_path)
    project = next(tmp_path.glob("boxes-*"))
    given = ["--bundle", str(bundle.folder)] if "--digest" in named else []
    done = run(project, "predict", "data/raw/boxes.csv", "out.csv", *given, *named)

    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert not (project / "out.csv").exists()


def test_ctrl_c_says_that_nothing_is_half_written(tmp_path: Path) -> None:
    """SIGINT ends a stage with 130 and one sentence, and leaves no temporary behind."""
    paths = datasets.boxes(300).write(
        tmp_path / "boxes", train__hyperparameters__hist_gradient_boosting__max_iter=100_000
    )
    datasets.run_stages(paths, "ingest", "validate", "split")
    with subprocess.Popen(
        [sys.executable, "-c", HEARING, "train"],
        cwd=paths.root,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while "sklearn" not in Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8"):
                time.sleep(0.05)
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("stopped; ")
    assert not paths.models.exists()


def test_stages_are_those_of_dvc_yaml() -> None:
    """The stages of the table are the stages of the pipeline, in its order."""
    stages = datasets.read_yaml(datasets.ROOT / "dvc.yaml")["stages"]
    assert list(STAGES) == list(stages)
