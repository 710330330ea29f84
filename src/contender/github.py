"""The door to GitHub's API: what a repository says of itself, and the files of its Releases."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from contender.errors import DeniedError, MissingError, ParameterError, StorageError

TIMEOUT_S: Final = 30
PAGE: Final = 100
MAX_PAGES: Final = 30
JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
API: Final = "https://api.github.com"
HINT: Final = "check GITHUB_REPOSITORY, the network, and what the token in GH_TOKEN may do"


@dataclass(frozen=True)
class Host:
    """The repository `name` on the server whose API is at `api`; a private one needs a token."""

    api: str
    name: str
    token: str

    def get(self, path: str) -> Any:
        """What the API answers at `path` of the repository; None when there is no such thing.

        Raises:
            DeniedError: the token may not read it, which is not "no such thing".
            StorageError: it cannot be reached.
        """
        try:
            return self._ask(self._request(self._url(path)))
        except MissingError:
            return None

    def get_all(self, path: str, *, key: str = "") -> list[Any]:
        """Every item of the list at `path`, page by page; of an object, the list under `key`.

        Raises:
            DeniedError: as `get`.
            StorageError: as `get`, or there are too many.
        """
        found: list[Any] = []
        mark = "&" if "?" in path else "?"
        for page in range(1, MAX_PAGES + 1):
            answer = self.get(f"{path}{mark}per_page={PAGE}&page={page}")
            items = (answer[key] if key else answer) if answer else []
            found += items
            if len(items) < PAGE:
                return found
        raise StorageError(
            f"`{path}` of `{self.name}` has more than {MAX_PAGES * PAGE} items; expected fewer.",
            hint="delete what is not needed",
        )

    def send(self, method: str, path: str, value: Any) -> Any:
        """What the API answers to `value`, sent as JSON by `method` to `path` of the repository.

        Raises:
            MissingError: there is no such thing to change, or none that the token may see.
            DeniedError: the token may not change it.
            StorageError: it cannot be reached, or refuses for another reason.
        """
        body = json.dumps(value).encode()
        return self._ask(self._request(self._url(path), method=method, body=body))

    def attach(self, release: Mapping[str, Any], name: str, content: bytes) -> None:
        """Let `release`, as the API describes it, have a file `name` with this `content`.

        Raises:
            StorageError: it has another of that name, cannot be reached, or refuses.
        """
        same = [it for it in release.get("assets", []) if it["name"] == name]
        if same and same[0].get("size") == len(content):
            return
        if same:
            raise StorageError(
                f"`{name}` in the Release `{release['tag_name']}` has {same[0].get('size')} bytes; "
                f"expected {len(content)}.",
                hint=f"`gh release delete-asset {release['tag_name']} {name}`, then run it again",
            )
        url = f"{release['upload_url'].partition('{')[0]}?{urlencode({'name': name})}"
        self._ask(self._request(url, method="POST", body=content, kind=BYTES))

    def find_asset(self, tag: str, name: str) -> Request:
        """How to ask for the file `name` of the Release `tag`.

        Raises:
            MissingError: there is no such Release, or no such file in it.
            StorageError: nobody can tell.
        """
        release = self.get(f"releases/tags/{tag}") or {}
        found = [it["url"] for it in release.get("assets", []) if it["name"] == name]
        if not found:
            raise MissingError(
                f"`{name}` is missing in the Release `{tag}` of `{self.name}`.",
                hint="the run that promoted it has it as its artifact `champion`: download that, "
                f"then `gh release create {tag} bundle-*.tar.gz`",
            )
        return self._request(found[0], kind=BYTES)

    def _url(self, path: str) -> str:
        return f"{self.api}/repos/{self.name}/{path}".rstrip("/")

    def _ask(self, request: Request) -> Any:
        url = request.full_url
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read() or b"null")
        except HTTPError as error:
            error.close()
            if error.code == 404:
                raise MissingError(f"`{url}` is missing.", hint=HINT) from error
            if error.code in (401, 403):
                raise DeniedError(f"`{url}` is denied: {error}.", hint=HINT) from error
            raise StorageError(f"`{url}` refuses: {error}.", hint=HINT) from error
        except (HTTPException, OSError, ValueError) as error:
            raise StorageError(f"`{url}` cannot be reached: {error}.", hint=HINT) from error

    def _request(
        self, url: str, *, kind: str = JSON, method: str = "GET", body: bytes | None = None
    ) -> Request:
        headers = {"Accept": kind, "User-Agent": "contender"}
        if body is not None:
            headers["Content-Type"] = kind
        request = Request(url, headers=headers, method=method, data=body)
        if self.token:  # it must not follow a redirect to the storage behind the API
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        return request


def find_host(environment: Mapping[str, str] = os.environ) -> Host:
    """The repository that a workflow runs for, as its environment says.

    Raises:
        ParameterError: nothing says which repository it is.
    """
    name = environment.get("GITHUB_REPOSITORY", "")
    if name.count("/") != 1:
        raise ParameterError(
            f"`GITHUB_REPOSITORY` is `{name}`; expected an owner, a slash and a name.",
            hint="`export GITHUB_REPOSITORY=owner/name`; in a workflow GitHub sets it",
        )
    token = environment.get("GH_TOKEN") or environment.get("GITHUB_TOKEN") or ""
    return Host(environment.get("GITHUB_API_URL") or API, name, token)
