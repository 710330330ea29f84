"""A stand-in for the API of GitHub on loopback: a repository, its comments and its Releases."""

# pylint: disable=invalid-name  # http.server calls do_GET and the like by these names

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

REPOSITORY: Final = "ada/boxes"
TOKEN: Final = "ghs_of_the_tests"


@dataclass
class GitHub:
    """A repository: `things` by their path, `refused` paths with a status, and what was asked.

    Comments and Releases are kept apart, and only written when `may_write`.
    """

    things: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    releases: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    may_write: bool = True
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a workflow of the repository has in its environment."""
        return {"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": self.url, "GH_TOKEN": TOKEN}

    def answer(self, method: str, path: str, query: Mapping[str, list[str]], body: Any) -> Any:
        """The status and the value for one request."""
        self.asked.append(f"{method} {path}")
        if path in self.refused:
            return self.refused[path], {"message": "Resource not accessible by integration"}
        if path.startswith(("releases", "uploads", "files")):
            return self._release(method, path, query, body)
        if method in ("POST", "PATCH") and "comments" in path:
            return self._write(path, body) if self.may_write else (403, {"message": "no"})
        if path.startswith("issues/") and path.endswith("/comments"):
            number = int(path.split("/")[1])
            return 200, _page([it for it in self.comments if it["issue"] == number], query)
        found = self.things.get(path)
        return (404, {"message": "Not Found"}) if found is None else (200, _page(found, query))

    def add_comment(self, issue: int, body: str, kind: str = "User") -> dict[str, Any]:
        """A new comment, by somebody of this kind."""
        number = len(self.comments) + 1
        address = f"https://example.invalid/{issue}#{number}"
        self.comments.append(
            {
                "id": number,
                "issue": issue,
                "body": body,
                "user": {"type": kind},
                "html_url": address,
            }
        )
        return self.comments[-1]

    def _release(
        self, method: str, path: str, query: Mapping[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        """A Release that is made, asked for or given a file, and such a file."""
        place = f"{self.url}/repos/{REPOSITORY}"
        last = path.rpartition("/")[2]
        if method == "GET":
            found = self.files.get(last) if path.startswith("files") else self.releases.get(last)
            return (404, {"message": "Not Found"}) if found is None else (200, found)
        if not self.may_write:
            return 403, {"message": "Resource not accessible by integration"}
        if path == "releases":
            upload = f"{place}/uploads/{body['tag_name']}{{?name,label}}"
            self.releases[body["tag_name"]] = body | {"upload_url": upload, "assets": []}
            return 201, self.releases[body["tag_name"]]
        name = query["name"][0]
        self.files[name] = body
        asset = {"name": name, "size": len(body), "url": f"{place}/files/{name}"}
        self.releases[last]["assets"].append(asset)
        return 201, asset

    def _write(self, path: str, body: Any) -> Any:
        parts = path.split("/")
        if parts[1] == "comments":
            found = self.comments[int(parts[2]) - 1]
            found["body"] = body["body"]
            return 200, found
        return 201, self.add_comment(int(parts[1]), body["body"], "Bot")


def _page(value: Any, query: Mapping[str, list[str]]) -> Any:
    """The page of a list that was asked for; other values whole."""
    size, page = (int(query.get(name, [str(other)])[0]) for name, other in PAGING.items())
    part = slice((page - 1) * size, page * size)
    if isinstance(value, list):
        return value[part]
    if isinstance(value, dict):
        return {key: it[part] if isinstance(it, list) else it for key, it in value.items()}
    return value


PAGING: Final = {"per_page": 30, "page": 1}


@contextlib.contextmanager
def running_github(github: GitHub | None = None) -> Iterator[GitHub]:
    """The stand-in, which answers for the block; without the right token it answers nothing."""
    host = github or GitHub()

    class Handler(http.server.BaseHTTPRequestHandler):
        """Hands every request to `host`."""

        def do_GET(self) -> None:
            """One request, of any method."""
            address = urlsplit(self.path)
            prefix = f"/repos/{REPOSITORY}"
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if "octet-stream" not in self.headers.get("Content-Type", ""):
                body = json.loads(body or b"null")
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, value = 401, {"message": "Bad credentials"}
            else:
                path = address.path.removeprefix(prefix).strip("/")
                status, value = host.answer(self.command, path, parse_qs(address.query), body)
            text = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PATCH = do_GET

        def log_message(self, *_: Any) -> None:  # pylint: disable=arguments-differ  # silence
            """Nothing is said."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
