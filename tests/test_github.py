"""The door to GitHub's API: a Release gets each file once, and never another one by its name."""

from collections.abc import Iterator

import pytest

from contender.errors import DeniedError, MissingError, ParameterError, StorageError
from contender.github import Host, find_host
from tests.servers.github import GitHub, running_github


@pytest.fixture
def github() -> Iterator[GitHub]:
    """A repository with no Release."""
    with running_github() as host:
        yield host


@pytest.fixture
def host(github: GitHub) -> Host:
    """The way there."""
    return find_host(github.environment)


def test_a_release_gets_each_file_once(github: GitHub, host: Host) -> None:
    """The same file again changes nothing; another one of its name is refused."""
    host.send("POST", "releases", {"tag_name": "model-1"})
    for _ in range(2):
        host.attach(host.get("releases/tags/model-1"), "a.tar.gz", b"\xff\x00content")

    with pytest.raises(StorageError, match="has 9 bytes; expected 5"):
        host.attach(host.get("releases/tags/model-1"), "a.tar.gz", b"other")

    assert github.files == {"a.tar.gz": b"\xff\x00content"}
    assert len(github.releases["model-1"]["assets"]) == 1
    assert "files/a.tar.gz" in host.find_asset("model-1", "a.tar.gz").full_url


def test_what_is_missing_is_not_what_is_denied(github: GitHub, host: Host) -> None:
    """No Release, no file, no right and no server are four things."""
    assert host.get("releases/tags/none") is None
    with pytest.raises(MissingError, match="`a` is missing in the Release `none`"):
        host.find_asset("none", "a")
    github.refused["releases/tags/model-1"] = 403
    with pytest.raises(DeniedError, match="is denied"):
        host.get("releases/tags/model-1")
    with pytest.raises(StorageError, match="cannot be reached"):
        Host("http://127.0.0.1:9", "a/b", "").get("releases")


def test_a_token_that_may_only_read_releases_nothing(github: GitHub, host: Host) -> None:
    """It is told so, and nothing is there afterwards."""
    github.may_write = False

    with pytest.raises(DeniedError):
        host.send("POST", "releases", {"tag_name": "model-1"})

    assert not github.releases


@pytest.mark.parametrize("name", ["", "boxes", "a/b/c"])
def test_a_run_without_a_repository_has_no_host(name: str) -> None:
    """An owner, a slash and a name, or an error."""
    with pytest.raises(ParameterError, match="GITHUB_REPOSITORY"):
        find_host({"GITHUB_REPOSITORY": name})
