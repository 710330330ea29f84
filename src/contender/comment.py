"""The one comment on a pull request: found again by its mark, changed, never written twice."""

import os
import re
from collections.abc import Mapping
from typing import Any, Final

from contender.github import Host

MARK: Final = "<!-- the report of contender -->"
MAX_CHARS: Final = 65_536 - len(MARK) - 1  # what GitHub takes as the text of a comment


def put_comment(host: Host, number: int, text: str) -> str:
    """The address of the comment on pull request `number` that holds `text` now.

    Raises:
        DeniedError, MissingError: the token may not write there.
        StorageError: GitHub cannot be reached.
    """
    value = {"body": f"{MARK}\n{text}"}
    ours = [it for it in host.get_all(f"issues/{number}/comments") if _is_ours(it)]
    if ours:
        written = host.send("PATCH", f"issues/comments/{ours[0]['id']}", value)
    else:
        written = host.send("POST", f"issues/{number}/comments", value)
    return str(written["html_url"])


def find_pull_request(host: Host, environment: Mapping[str, str] = os.environ) -> int | None:
    """The pull request that a run is for: its own, or the open one of its branch; None if none."""
    ref = environment.get("GITHUB_REF", "")
    if match := re.fullmatch(r"refs/pull/(\d+)/(?:merge|head)", ref):
        return int(match[1])
    branch = ref.removeprefix("refs/heads/")
    if not ref or branch == ref:
        return None
    owner = host.name.partition("/")[0]
    found = host.get_all(f"pulls?state=open&head={owner}:{branch}")
    return next((int(it["number"]) for it in found), None)


def _is_ours(comment: dict[str, Any]) -> bool:
    """True for one that a workflow wrote; a person's stays, whatever it begins with."""
    return comment["user"]["type"] == "Bot" and str(comment["body"]).startswith(MARK)
