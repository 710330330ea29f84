"""Every rule holds for this repository, breaks when it is broken, and never holds for nothing."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.repository.rules import documents, doors, environment, stages, style

Rule = Callable[[Path], list[str]]

RULES: tuple[Rule, ...] = (
    stages.one_word,
    stages.dependencies,
    stages.parameters,
    stages.no_defaults,
    doors.doors,
    doors.purity,
    doors.silence,
    documents.targets,
    documents.make_verbs,
    documents.shell_commands,
    documents.tree,
    documents.links,
    documents.check_script,
    style.sizes,
    style.oldest_python,
    style.told_tests,
    style.told_modules,
    style.finished,
    style.portable,
    style.told_sources,
    environment.current_lock,
    environment.serving_group,
    environment.one_uv,
)


@dataclass(frozen=True)
class Plant:
    """A fault: in the file at `place`, `old` (a pattern; None for the end) becomes `new`."""

    rule: Rule
    place: str
    old: str | None
    new: str
    expected: str

    def put(self, root: Path) -> None:
        """Put the fault into the tree at `root`."""
        path = root / self.place
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        changed = text + self.new if self.old is None else re.sub(self.old, self.new, text, count=1)
        assert changed != text, "the fault is none"
        path.write_text(changed, encoding="utf-8")


README = """
```bash
make run
make test
```
```text
src/contender/
  stages/        one file a stage
Makefile dvc.yaml  two names
```
"""
LONG = "def long() -> None:\n" + "    pass\n" * 40

PLANTS = (
    Plant(stages.one_word, "dvc.yaml", "contender train", "contender fit", "runs `python -m"),
    Plant(stages.one_word, "dvc.yaml", "  train:", "  fit:", "no src/contender/stages/fit.py"),
    Plant(stages.one_word, "dvc.yaml", "  train:", "  fit:", "no tests/stages/test_fit.py"),
    Plant(stages.one_word, "dvc.yaml", "  train:", "  fit:", "train.py belongs to no stage"),
    Plant(stages.one_word, "params.yaml", "\ntrain:", "\nfit:", "`train` has no section"),
    Plant(
        stages.dependencies,
        "src/contender/stages/split.py",
        None,
        "\ndef late() -> None:\n    from contender import cells\n",
        "`split` does not list src/contender/cells.py",
    ),
    Plant(
        stages.dependencies,
        "src/contender/files.py",
        None,
        "\nimport contender.partition\n",
        "`ingest` does not list src/contender/partition.py",
    ),
    Plant(
        stages.dependencies,
        "dvc.yaml",
        "( +)- src/contender/cells.py",
        r"\1- src/contender/cells.py\n\1- src/contender/revision.py",
        "lists src/contender/revision.py for nothing",
    ),
    Plant(stages.parameters, "dvc.yaml", r"params: \[split", "params: [gate", "its own section"),
    Plant(
        stages.parameters,
        "src/contender/stages/split.py",
        None,
        "\nprint(lambda params: params.gate.alpha)\n",
        "`split` reads `gate.alpha`",
    ),
    Plant(
        stages.parameters,
        "src/contender/stages/split.py",
        None,
        "\nprint(lambda params: f(params.gate))\n",
        "`split` reads `gate.*`",
    ),
    Plant(
        stages.parameters,
        "src/contender/stages/split.py",
        None,
        "\nprint(lambda params: params.model_dump())\n",
        "reads all of params.yaml",
    ),
    Plant(
        stages.dependencies,
        "src/contender/stages/__init__.py",
        None,
        "\nfrom contender import revision\n",
        "`ingest` does not list src/contender/stages/__init__.py",
    ),
    Plant(
        stages.no_defaults,
        "src/contender/params.py",
        "min_rows: PositiveInt",
        "min_rows: PositiveInt = 7",
        "has a default",
    ),
    Plant(
        stages.no_defaults,
        "src/contender/params.py",
        r"Field\(",
        "Field(default=1, ",
        "has a default",
    ),
    Plant(doors.doors, "src/contender/files.py", None, "\nimport mlflow.onnx\n", "imports mlflow"),
    Plant(
        doors.doors,
        "src/contender/files.py",
        None,
        "\ndef late() -> None:\n    from sklearn import tree\n",
        "files.py imports sklearn.tree",
    ),
    Plant(
        doors.doors,
        "src/contender/stages/train.py",
        None,
        "\nimport great_expectations\n",
        "train.py imports great_expectations",
    ),
    Plant(
        doors.doors,
        "src/contender/stages/train.py",
        None,
        "\nfrom onnxruntime import InferenceSession\n",
        "train.py imports onnxruntime",
    ),
    Plant(
        doors.doors,
        "src/contender/tracking/registry.py",
        None,
        "\nfrom subprocess import run\n",
        "registry.py imports subprocess.run",
    ),
    Plant(
        doors.purity,
        "src/contender/release/gate/decision.py",
        None,
        "\nimport os\n",
        "decision.py imports os",
    ),
    Plant(
        doors.purity,
        "src/contender/release/gate/decision.py",
        None,
        "\nfrom contender import files\n",
        "decision.py imports contender.files",
    ),
    Plant(
        doors.purity,
        "src/contender/release/gate/decision.py",
        None,
        "\nTODAY = date.today()\n",
        "calls date.today",
    ),
    Plant(doors.silence, "src/contender/files.py", None, '\nprint("x")\n', "calls print"),
    Plant(doors.silence, "src/contender/files.py", None, "\nsys.exit(1)\n", "calls sys.exit"),
    Plant(documents.targets, "Makefile", None, "\nnew:\n\ttrue\n", "`make new` has no ## help"),
    Plant(documents.targets, "Makefile", None, "\nnew: ## x\n\ttrue\n", "`make new` is not .PHONY"),
    Plant(documents.make_verbs, "README.md", "make run", "make jump", "`make jump`"),
    Plant(
        documents.make_verbs, "docs/guides/new.md", None, "say `make jump` \n", "docs/guides/new"
    ),
    Plant(documents.shell_commands, "README.md", "make run", "contender jump", "command `jump`"),
    Plant(
        documents.shell_commands,
        "README.md",
        "```bash\nmake run",
        "```console\n$ make run\nprinted\n$ contender jump",
        "command `jump`",
    ),
    Plant(documents.shell_commands, "README.md", "make run", "A=1 wget x", "says `wget x`"),
    Plant(documents.shell_commands, "README.md", "```bash", "```toml", "no ```bash fence"),
    Plant(documents.tree, "README.md", "stages/ ", "ages/ ", "shows src/contender/ages/"),
    Plant(documents.tree, "README.md", "Makefile dvc.yaml", "Makefile x.yaml", "shows x.yaml"),
    Plant(documents.tree, "README.md", "src/contender/", "source/", "no ```text fence"),
    Plant(documents.links, "README.md", None, "\n[x](docs/nowhere.md)\n", "docs/nowhere.md"),
    Plant(documents.links, "README.md", None, '\n<img alt="" src="no.svg">\n', "no.svg"),
    Plant(documents.check_script, ".ci/run", "make test", "pytest -k one", "does not call"),
    Plant(documents.check_script, "README.md", "make test", "pytest", "README.md does not say"),
    Plant(style.sizes, "src/contender/new.py", None, "x = 1\n" * 251, "new.py has 251 lines"),
    Plant(style.sizes, "src/contender/new.py", None, LONG, "long has 41 lines"),
    Plant(style.oldest_python, "src/contender/new.py", None, "type X = int\n", "new.py:1 is not"),
    Plant(style.told_tests, "tests/test_new.py", None, "def test_x(): ...\n", "test_x has no"),
    Plant(style.told_tests, "tests/test_new.py", None, "from unittest.mock import patch\n", "mock"),
    Plant(style.told_modules, "benchmarks/new.py", None, "x = 1\n", "new.py has no docstring"),
    Plant(style.finished, "docs/new.md", None, "TO" + "DO: more\n", "docs/new.md:1 has"),
    Plant(style.portable, "docs/new.md", None, "see /home" + "/me/x\n", "docs/new.md:1 has"),
    Plant(style.told_sources, "data/expectations.json", "generated_by", "made", "`generated_by`"),
    Plant(style.told_sources, "data/README.md", "<!--.*-->", "", "data/README.md"),
    Plant(environment.current_lock, "pyproject.toml", "shap>=", "shap>", "lock"),
    Plant(
        environment.serving_group,
        "uv.lock",
        r"(?m)^serving = \[",
        'serving = [\n    { name = "mlflow" },',
        "brings pandas",
    ),
    Plant(
        environment.serving_group,
        "uv.lock",
        r'(?m)^(serving = \[[^]]*){ name = "onnxruntime" },',
        r"\1",
        "has no onnxruntime",
    ),
    Plant(environment.one_uv, "Dockerfile", "UV_VERSION=", "UV_VERSION=9", "Dockerfile installs"),
)


def name_of(rule: Rule) -> str:
    """The id of a parametrised test."""
    return f"{rule.__module__.rpartition('.')[2]}.{rule.__name__}"


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_repository_keeps_its_rule(rule: Rule, snapshot: Path) -> None:
    """Each finding names the place and what was expected of it."""
    assert not rule(snapshot)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_does_not_hold_for_nothing(rule: Rule, tmp_path: Path) -> None:
    """An empty folder breaks every rule."""
    assert rule(tmp_path)


@pytest.mark.parametrize(
    "plant", PLANTS, ids=lambda plant: f"{name_of(plant.rule)}: {plant.expected}"
)
def test_a_rule_finds_what_breaks_it(plant: Plant, snapshot: Path, tmp_path: Path) -> None:
    """A fault in a copy of the repository is found, and was not there before."""
    root = tmp_path / "planted"
    shutil.copytree(snapshot, root, ignore=shutil.ignore_patterns(".git"))
    if plant.rule.__module__ == documents.__name__:
        (root / "README.md").write_text(README)
    assert not [found for found in plant.rule(root) if plant.expected in found]

    plant.put(root)

    assert [found for found in plant.rule(root) if plant.expected in found]


def test_every_rule_has_a_fault_that_breaks_it() -> None:
    """Nobody adds a rule that was never seen to fail."""
    assert {plant.rule for plant in PLANTS} == set(RULES)
