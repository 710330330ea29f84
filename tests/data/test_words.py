"""The sample's words stay in the fork surface. Belongs to the sample: skipped for other data."""

from pathlib import Path

import pytest

from tests.repository.rules.trees import read_yaml
from tests.repository.rules.words import strangers, words_of

SAMPLE = "telco_churn"
WORDS = {"churn", "telco", "customer", "tenure", "senior", "paperless", "streaming"}
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    read_yaml(ROOT, "data/schema.yaml").get("dataset") != SAMPLE,
    reason="the words of the sample are looked for only while it is the data",
)


def test_the_machinery_does_not_speak_of_the_sample(snapshot: Path) -> None:
    """Another team changes data/, params.yaml and src/contender/problem/, and nothing else."""
    assert not strangers(snapshot, WORDS | words_of(snapshot))


def test_the_words_come_from_the_schema(snapshot: Path) -> None:
    """Data set, columns and categories, but no plain English word."""
    words = words_of(snapshot)

    assert {SAMPLE, "payment_method", "Fiber optic", "Bank transfer (automatic)"} <= words
    assert not {"contract", "Yes", "No"} & words


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("src/contender/files.py", "# one for each Customer"),
        ("src/contender/stages/train.py", "x = 'monthly_charges'"),
        ("dvc.yaml", "- data/raw/telco_churn.csv"),
        ("src/contender/churn.py", ""),
        ("Makefile", "# no internet service"),
        ("tests/stages/test_train.py", "tenure = 3"),
    ],
)
def test_a_word_of_the_sample_is_found(tmp_path: Path, place: str, text: str) -> None:
    """In code, comments, configuration, names of files, and other tests."""
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text(text)

    (found,) = strangers(tmp_path, WORDS | words_of(ROOT))

    assert found.startswith(place)


@pytest.mark.parametrize(
    "place", ["data/schema.yaml", "params.yaml", "src/contender/problem/model.py", "README.md"]
)
def test_the_fork_surface_may_speak_of_it(tmp_path: Path, place: str) -> None:
    """What a team changes is what may say it; other files are looked into."""
    for name in (place, "Makefile"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("churn of a customer" if name == place else "run:\n")

    assert not strangers(tmp_path, WORDS)


def test_nothing_to_look_for_is_not_success(tmp_path: Path) -> None:
    """No words, and no files."""
    assert strangers(ROOT, words_of(tmp_path))
    assert strangers(tmp_path, WORDS)
