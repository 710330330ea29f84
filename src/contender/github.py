"""The door to GitHub's API: what a repository says of itself, and the files of its Releases."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from contender.errors import DeniedError, MissingError, ParameterError, StorageError

TIMEOUT_S: Final = 30
PAGE: Final = 100
MAX_PAGES: Final = 30
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
            return self._ask(self._request(self._url(path), "application/json"))
        except MissingError:
            return None

    def get_all(self, path: str, *, key: str = "") -> list[Any]:
        """Every item of the list at `path`, page by page; the list is under `key` where it is one.

        Raises:
            DeniedError, StorageError: as `get`.
        """
        found: list[Any] = []
        mark = "&" if "?" in path else "?"
        for page in range(1, MAX_PAGES + 1):
            answer = self.get(f"{path}{mark}per_page={PAGE}&page={page}") or {}
            items = answer.get(key, []) if isinstance(answer, dict) else answer
            found += items
            if len(items) < PAGE:
                return found
        raise StorageError(
            f"`{path}` of `{self.name}` has more than {MAX_PAGES * PAGE} items; expected fewer.",
            hint="delete what is not needed",
        )

    def send(self, method: str, path: str, value: Any) -> Any:
        """What the API answers to `value` at `path`.

        Raises:
            DeniedError: the token may not write there, or there is none.
            StorageError: it cannot be reached.
        """
        request = self._request(self._url(path), "application/json", method=method)
        request.data = json.dumps(value).encode()
        try:
            return self._ask(request)
        except MissingError as error:  # GitHub's word for what a token may not even see
            raise DeniedError(error.args[0], hint=error.hint) from error

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
        return self._request(found[0], "application/octet-stream")

    def _url(self, path: str) -> str:
        return f"{self.api}/repos/{self.name}/{path}".rstrip("/")

    def _request(self, url: str, kind: str, *, method: str = "GET") -> Request:
        headers = {"Accept": kind, "User-Agent": "contender"}
        request = Request(url, headers=headers, method=method)
        if self.token:  # it must not follow a redirect to the storage behind the API
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        return request

    def _ask(self, request: Request) -> Any:
        url = request.full_url
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except HTTPError as error:
            error.close()
            kinds = {401: DeniedError, 403: DeniedError, 404: MissingError}
            kind = kinds.get(error.code, StorageError)
            raise kind(f"`{url}` cannot be read or written: {error}.", hint=HINT) from error
        except (HTTPException, OSError, ValueError) as error:
            raise StorageError(f"`{url}` cannot be reached: {error}.", hint=HINT) from error


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
