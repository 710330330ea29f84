"""The one comment on a pull request, against a stand-in for GitHub."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contender.cli import main
from contender.comment import MARK, find_pull_request, put_comment
from contender.errors import DeniedError, StorageError
from contender.github import find_host
from contender.reporting.markup import fit, fold
from tests import datasets
from tests.servers.github import TOKEN, GitHub, running_github


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """A stand-in that the environment leads to."""
    with running_github() as host:
        for name, value in host.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("GITHUB_REF", raising=False)
        yield host


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A short document of a run."""
    path = tmp_path / "summary.md"
    path.write_text("## PROMOTE\n")
    return path


def test_a_second_run_changes_the_comment_of_the_first(github: GitHub) -> None:
    """One comment, with the later text, whatever people wrote before."""
    for number in range(130):
        github.add_comment(7, f"remark {number}")
    host = find_host(github.environment)

    first = put_comment(host, 7, "one")
    second = put_comment(host, 7, "two")

    assert first == second
    assert [it["body"] for it in github.comments if MARK in it["body"]] == [f"{MARK}\ntwo"]
    assert len(github.comments) == 131


def test_a_comment_of_a_person_stays_whatever_it_holds(github: GitHub) -> None:
    """The mark can be copied; a workflow writes beside the copy, not over it."""
    github.add_comment(7, f"{MARK}\nmine")

    put_comment(find_host(github.environment), 7, "ours")

    assert [it["body"] for it in github.comments] == [f"{MARK}\nmine", f"{MARK}\nours"]


def test_a_comment_of_another_pull_request_stays(github: GitHub) -> None:
    """Each pull request has its own."""
    host = find_host(github.environment)

    assert put_comment(host, 7, "one") != put_comment(host, 8, "two")
    assert len(github.comments) == 2


@pytest.mark.parametrize(
    ("ref", "number"),
    [("refs/pull/7/merge", 7), ("refs/heads/refresh", 9), ("refs/heads/main", None), ("", None)],
)
def test_the_pull_request_of_a_run_is_found(github: GitHub, ref: str, number: int | None) -> None:
    """By its own ref, or by the open pull request of the branch that was pushed."""
    if ref == "refs/heads/refresh":
        github.things["pulls"] = [{"number": 9}]
    else:
        github.things["pulls"] = []

    assert find_pull_request(find_host(github.environment), {"GITHUB_REF": ref}) == number


def test_a_token_that_may_not_write_is_told_from_a_server_that_is_down(github: GitHub) -> None:
    """The one is usual in pull requests from forks, the other is an error."""
    github.may_write = False
    host = find_host(github.environment)

    with pytest.raises(DeniedError):
        put_comment(host, 7, "text")
    github.refused["issues/7/comments"] = 502
    with pytest.raises(StorageError) as caught:
        put_comment(host, 7, "text")
    assert not isinstance(caught.value, DeniedError)


def test_without_the_right_to_write_the_command_says_so_and_ends_well(
    github: GitHub, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0, one line why, no comment, and no token anywhere."""
    github.may_write = False

    code = main(["comment", str(document), "--pull-request", "7"])

    said = capsys.readouterr()
    assert code == 0
    assert "may only read" in said.err
    assert not github.comments
    assert TOKEN not in said.out + said.err


def test_no_token_is_no_right_to_write(
    github: GitHub,
    document: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same line, and the same exit code."""
    monkeypatch.delenv("GH_TOKEN")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)

    assert main(["comment", str(document), "--pull-request", "7"]) == 0
    assert "none written" in capsys.readouterr().err
    assert not github.comments


def test_the_command_prints_where_the_comment_is(
    github: GitHub, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The address on standard output; the document in the comment."""
    assert main(["comment", str(document), "--pull-request", "7"]) == 0
    assert capsys.readouterr().out == "https://example.invalid/7#1\n"
    assert "## PROMOTE" in github.comments[0]["body"]


def test_a_run_for_no_pull_request_writes_none(
    github: GitHub, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says so; that is no error."""
    assert main(["comment", str(document)]) == 0
    assert "no pull request" in capsys.readouterr().err
    assert not github.comments


def test_the_standard_library_is_enough(github: GitHub, document: Path) -> None:
    """A job with a token that may write installs nothing."""
    environment = os.environ | {"PYTHONPATH": str(datasets.ROOT / "src")}
    command = [sys.executable, "-S", "-m", "contender", "comment", str(document)]
    subprocess.run([*command, "--pull-request", "7"], env=environment, check=True)

    assert len(github.comments) == 1


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_document_is_an_error(github: GitHub, document: Path, content: str) -> None:
    """Nothing is no report."""
    document.write_text(content)

    assert main(["comment", str(document), "--pull-request", "7"]) == 1
    assert main(["comment", str(document.with_name("none.md")), "--pull-request", "7"]) == 1
    assert not github.comments


@pytest.mark.parametrize("value", [None, "a", "a/b/c"])
def test_a_repository_without_a_name_is_an_error(
    github: GitHub, document: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """Nobody guesses where to write."""
    if value is None:
        monkeypatch.delenv("GITHUB_REPOSITORY")
    else:
        monkeypatch.setenv("GITHUB_REPOSITORY", value)

    assert main(["comment", str(document), "--pull-request", "7"]) == 1
    assert not github.asked


def test_a_document_that_fits_is_left_as_it_is() -> None:
    """To the letter."""
    text = "## A\n\n" + fold("B", "c") + "\n"

    assert fit(text, len(text), rest="x") == text


def test_folds_give_way_first_and_the_longest_before_the_others() -> None:
    """The verdict stays, and a note says where the rest is."""
    short, long = fold("short", "s" * 50), fold("long", "l" * 500)

    found = fit(f"## Verdict\n\n{long}\n\n{short}\n\nend", 300, rest="see there.")

    assert found.startswith("## Verdict")
    assert short in found
    assert "lll" not in found
    assert found.rstrip().endswith("see there.")


@pytest.mark.parametrize("limit", [60, 100, 1000])
def test_nothing_is_ever_too_long(limit: int) -> None:
    """Not even a document of one part without a fold."""
    assert len(fit("x" * 2000, limit, rest="see there.")) <= limit
    assert len(fit("x\n\n" * 2000, limit, rest="see there.")) <= limit
