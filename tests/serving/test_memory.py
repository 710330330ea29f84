"""Memory: whoever calls, and however often, the service does not grow."""

import http.client
import json
import random
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import psutil

from contender.bundle import Bundle
from tests.serving.forms import short_or_long
from tests.serving.records import BOX, BOXES, as_split, as_tensors
from tests.servers.serving import running_service

SAMPLES = 40
WARM = SAMPLES // 4  # by then every route was asked, and the files of the log were rotated
FREE_BYTES = 8 << 20

Ask = Callable[[], tuple[str, str, object]]


def asks(dice: random.Random) -> list[Ask]:
    """Calls of every kind, good and bad; most say something that no call said before."""

    def word() -> str:
        return f"{dice.getrandbits(60):x}"

    def label() -> dict[str, str]:
        return {"request_id": word(), "label": "yes"}

    return [
        lambda: ("POST", "/predict", {"records": BOXES}),
        lambda: ("POST", "/predict", {"records": [BOX | {"weight": dice.uniform(0, 200)}]}),
        lambda: ("POST", "/predict", {"records": [BOX | {word(): 1}]}),
        lambda: ("POST", "/predict", {"records": [BOX | {"region": word()}]}),
        lambda: ("POST", "/predict", {"records": [BOX] * dice.randrange(1, 200)}),
        lambda: ("POST", "/invocations", {"dataframe_split": as_split(BOXES)}),
        lambda: ("POST", "/v2/models/boxes/infer", {"inputs": as_tensors(BOXES)}),
        lambda: ("POST", f"/v2/models/{word()}/infer", {}),
        lambda: ("POST", "/feedback", {"labels": [label()]}),
        lambda: ("GET", "/v2/models/boxes", None),
        lambda: ("GET", f"/{word()}?{word()}", None),
        lambda: ("GET", "/metrics", None),
    ]


@short_or_long(3000, 100_000)
def test_memory_is_flat(boxes: Bundle, tmp_path: Path, count: int) -> None:
    """After the warm-up the process grows by 5 % or 8 MB at most, whatever it is asked."""
    dice = random.Random(7)
    kinds, sizes, statuses = asks(dice), [], set()
    rotating = {"log_file_bytes": 1 << 16, "log_files": 3}
    with running_service(boxes.folder, tmp_path, **rotating) as service:
        process, address = psutil.Process(service.process), urlparse(service.url)
        connection = http.client.HTTPConnection(address.netloc, timeout=30)
        for number in range(count):
            method, path, content = dice.choice(kinds)()
            connection.request(method, path, json.dumps(content), {"x-request-id": f"n{number}"})
            answer = connection.getresponse()
            answer.read()
            statuses.add(answer.status)
            if (number + 1) % (count // SAMPLES) == 0:
                sizes.append(process.memory_info().rss)
        connection.close()
    warm, *later = sizes[WARM - 1 :]
    slope = np.polyfit(
        np.linspace(0, count * (1 - WARM / SAMPLES), len(later) + 1), [warm, *later], 1
    )[0]
    print(
        f"{count} calls: {warm / 1e6:.1f} MB after the warm-up, at most {max(later) / 1e6:.1f} MB"
        f" and at last {later[-1] / 1e6:.1f} MB; {slope:+.1f} bytes a call"
    )

    assert {200, 202, 404, 422} == statuses
    assert max(later) - warm <= max(0.05 * warm, FREE_BYTES)
