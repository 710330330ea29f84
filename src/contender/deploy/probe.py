"""What a server says when it is asked whether it may have traffic, and whether that is true."""

import re
from dataclasses import dataclass
from typing import Any, Final

import httpx

from contender.bundle import Bundle, prove
from contender.errors import DeployError, ParameterError, PredictionError

TIMEOUT_S: Final = 2.0
# Logs and histograms of predictions can tell the questions asked here from those of callers.
REQUEST_ID: Final = "golden"
_BIN: Final = re.compile(
    r'^contender_(?:prediction_bucket|predicted_class_total)\{\w+="(.*)"\} (\S+)$', re.MULTILINE
)
_SHADOW: Final = re.compile(r'^contender_shadow_total\{outcome="(\w+)"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True)
class Fault:
    """Why a server may have no traffic; one that `is_starting` may yet become ready."""

    reason: str
    message: str
    is_starting: bool = False


def inspect(address: str, bundle: Bundle) -> Fault | None:
    """None when the server at `address` is ready, serves `bundle`, and predicts as it should.

    What it says of itself is not enough: the golden records are asked for as any caller would.
    """
    with connect(address) as client:
        try:
            return _ask(client, bundle)
        except httpx.TimeoutException:
            return Fault("hangs", f"`{address}` does not answer within {TIMEOUT_S:g} seconds", True)
        except httpx.TransportError as error:
            return Fault("unreachable", f"`{address}` cannot be reached: {error}", True)


def connect(address: str) -> httpx.Client:
    """A client of the server at `address`, whose calls are known by their name.

    Raises:
        ParameterError: it is no address.
    """
    try:
        return httpx.Client(
            base_url=f"http://{address}",
            timeout=TIMEOUT_S,
            trust_env=False,
            transport=httpx.HTTPTransport(retries=1),
            headers={"x-request-id": REQUEST_ID},
        )
    except httpx.InvalidURL as error:
        raise ParameterError(
            f"`{address}` is no address of a server: {error}; expected HOST:PORT.",
            hint="such as 127.0.0.1:8000",
        ) from error


def _ask(client: httpx.Client, bundle: Bundle) -> Fault | None:
    ready = client.get("/v2/health/ready")
    if ready.status_code != 200:
        return Fault("not-ready", f"it is not ready: {quote(ready)}", True)
    answer = client.post("/predict", json={"records": bundle.golden().records})
    if answer.status_code != 200:
        return Fault("golden", f"the golden records are answered {quote(answer)}")
    content = parse(answer)
    if content.get("model_digest") != bundle.digest:
        named = str(content.get("model_digest"))[:12]
        return Fault("digest", f"it serves `{named}`, not `{bundle.digest[:12]}`")
    try:
        prove(content.get("predictions") or [], bundle.golden())
    except (PredictionError, ValueError, TypeError) as error:
        return Fault("golden", str(error.args[0]))
    return None


def parse(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object in `answer`; an empty one when it holds something else."""
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def quote(answer: httpx.Response) -> str:
    """The status of `answer`, and how it begins."""
    return f"{answer.status_code} `{answer.text[:120].strip()}`"


@dataclass(frozen=True)
class Shadow:
    """How many copies of calls were answered: as the original, otherwise, wrongly, not at all."""

    same: int
    different: int
    failed: int
    dropped: int

    @property
    def answered(self) -> int:
        """How many were answered well, whatever they said."""
        return self.same + self.different

    def describe(self) -> str:
        """The numbers in a sentence."""
        return (
            f"of {self.answered + self.failed:,} copies {self.failed:,} failed, {self.different:,} "
            f"were answered otherwise; {self.dropped:,} were not sent"
        )


def read_shadow(address: str) -> Shadow:
    """What the server at `address` says of the copies that it gave away.

    Raises:
        DeployError: it does not say.
    """
    text = _read_metrics(address)
    counts = {name: int(float(count)) for name, count in _SHADOW.findall(text)}
    if missing := {"same", "different", "failed", "dropped"} - counts.keys():
        raise DeployError(
            f"`{address}` does not count copies as `{', '.join(sorted(missing))}`: `{text[:80]}`.",
            hint="it must be started with `contender serve --shadow`",
        )
    return Shadow(**counts)


def read_predictions(address: str) -> dict[str, int]:
    """How many predictions of the server at `address` fell into each bin.

    Raises:
        DeployError: it does not say.
    """
    text = _read_metrics(address)
    counts = {name: int(float(count)) for name, count in _BIN.findall(text)}
    if not counts:
        raise DeployError(
            f"`{address}` does not count its predictions: `{text[:80]}`.",
            hint="it must be started with `contender serve`",
        )
    if "contender_prediction_bucket" not in text:
        return counts
    below = [0, *counts.values()]
    return {name: count - less for (name, count), less in zip(counts.items(), below, strict=False)}


def _read_metrics(address: str) -> str:
    try:
        return httpx.get(f"http://{address}/metrics", timeout=TIMEOUT_S, trust_env=False).text
    except httpx.HTTPError as error:
        return str(error)
