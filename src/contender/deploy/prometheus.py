"""The counters of a cluster: what Prometheus knows of one version of the service now."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from contender.errors import DeployError, ObservationError

TIMEOUT_S: Final = 5.0
ROUTES: Final = ("predict", "invocations", "infer", "explain")  # those that a model answers
CALLS: Final = "contender_requests_total"
TOOK: Final = "contender_duration_seconds_bucket"
INVALID: Final = "contender_invalid_predictions_total"

Series = tuple[tuple[str, str], ...]  # its labels and their values; `__name__` is one of them
Reading = Mapping[Series, int]


@dataclass(frozen=True)
class Prometheus:
    """The server at `url`."""

    url: str

    def read(self, selector: str) -> Reading:
        """The counters that match `selector`, all of one moment; none where nothing matches.

        Raises:
            DeployError: the server cannot be reached, or refuses.
            ObservationError: it answers what no counter is, such as NaN, or knows only a part.
        """
        query = f'{{__name__=~"{CALLS}|{TOOK}|{INVALID}",{selector}}}'
        answer = self._ask(f"{self.url.rstrip('/')}/api/v1/query?{urlencode({'query': query})}")
        if warnings := answer.get("warnings"):
            raise ObservationError(
                f"Prometheus knows only a part of `{selector}`: `{warnings}`; expected all of it.",
                hint="make the servers that it asks answer",
            )
        try:
            rows = answer["data"]["result"]
            return {tuple(sorted(row["metric"].items())): _count(row) for row in rows}
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ObservationError(
                f"Prometheus answers `{str(answer)[:120]}`; expected one value a series.",
                hint="`--prometheus` is the address of its API: `/api/v1/query` is added to it",
            ) from error

    def _ask(self, url: str) -> dict[str, Any]:
        """What it answers; proxies of the environment are for other places than a cluster."""
        if not url.startswith(("http://", "https://")):
            raise ObservationError(
                f"`{self.url}` is no address of Prometheus; expected http:// or https://.",
                hint="such as `--prometheus http://prometheus.monitoring:9090`",
            )
        try:
            with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_S) as answer:
                content = json.load(answer)
        except HTTPError as error:
            content = f"{error.code} {error.read(300).decode(errors='replace')}"
        except (OSError, ValueError, HTTPException) as error:
            content = str(error)
        if not isinstance(content, dict) or content.get("status") != "success":
            raise DeployError(
                f"Prometheus at `{self.url}` does not say what it counted: `{content}`.",
                hint="open the address in a browser, and try the selectors there",
            )
        return content


def _count(row: Mapping[str, Any]) -> int:
    text = row["value"][1]
    value = float(text)
    if not math.isfinite(value) or value < 0 or not value.is_integer():
        raise ObservationError(
            f"`{row['metric'].get('__name__')}` is `{text}`; expected a whole number from 0.",
            hint="select the counters of the service, and no rule that is made from them",
        )
    return int(value)
