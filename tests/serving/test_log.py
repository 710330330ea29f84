"""The prediction log: every answer is in it, no answer waits for it, and labels find their rows."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contender.bundle import Bundle
from contender.errors import IntegrityError, MissingError
from contender.outcomes import read_outcomes
from contender.serving.counters import Counters
from contender.serving.log import Entry, Log, RotatingFile, Sink
from tests.serving.records import BOX, BOXES
from tests.servers.serving import running_service, wait_until

KEYS = ("log_written", "log_dropped", "log_failed")


class Sluggish:
    """A disk that takes nothing until it is let go."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.lines: list[bytes] = []

    def write(self, content: bytes) -> None:
        """Take the lines, once let go."""
        self.free.wait(10)
        self.lines += content.splitlines()

    def close(self) -> None:
        """Nothing."""


class Full:
    """A disk without room."""

    def write(self, content: bytes) -> None:
        """Take nothing."""
        raise OSError(28, f"No space left for {len(content)} bytes")

    def close(self) -> None:
        """Nothing."""


def open_log(sink: Callable[[str], Sink], *, queue_lines: int = 1000) -> tuple[Log, Counters]:
    """A log and its counters."""
    counters = Counters(KEYS, workers=1)
    return Log(sink, counters, queue_lines=queue_lines), counters


def entry(*lines: bytes) -> Entry:
    """An entry of these lines."""

    def render() -> Iterable[bytes]:
        return [line + b"\n" for line in lines]

    return Entry("predictions", len(lines), render)


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """All logged predictions."""
    files = sorted(folder.glob("predictions-*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def test_answers_and_their_labels_are_joined(boxes: Bundle, tmp_path: Path) -> None:
    """Each row is logged with id, time, digest and output; a later label finds it by id and row."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    started = datetime.now(UTC)
    with running_service(boxes.folder, tmp_path) as service, service.client() as client:
        headers = {"x-request-id": "first", "traceparent": trace}
        answer = client.post("/predict", json={"records": BOXES}, headers=headers)
        client.post("/invocations", json={"instances": [BOX]}, headers={"x-request-id": "second"})
        labels = [
            {"request_id": "first", "row": 2, "label": "no"},
            {"request_id": "first", "row": 2, "label": "yes"},
            {"request_id": "second", "label": "no"},
            {"request_id": "never", "label": "no"},
        ]
        said = client.post("/feedback", json={"labels": labels})
        refused = client.post("/feedback", json={"labels": [labels[0] | {"label": "perhaps"}]})
    outcomes = list(read_outcomes(service.log))

    assert (said.status_code, said.json()) == (202, {"accepted": 4})
    assert (refused.status_code, refused.json()["field"]) == (422, "labels[0].label")
    assert [(outcome.request_id, outcome.row) for outcome in outcomes] == [
        *(("first", row) for row in range(4)),
        ("second", 0),
    ]
    assert [outcome.label for outcome in outcomes] == [None, None, "yes", None, "no"]
    assert [outcome.prediction for outcome in outcomes[:4]] == answer.json()["predictions"]
    assert {outcome.model_digest for outcome in outcomes} == {boxes.digest}
    assert started <= min(datetime.fromisoformat(outcome.time) for outcome in outcomes)
    assert read_lines(service.log)[0]["trace_id"] == trace[3:35]


def test_protected_columns_are_not_logged(boxes: Bundle, tmp_path: Path) -> None:
    """What the schema calls sensitive reaches the model, not the log."""
    with running_service(boxes.folder, tmp_path) as service, service.client() as client:
        client.post("/predict", json={"records": [BOX]})
    sensitive = {name for name, column in boxes.schema().columns.items() if column.sensitive}
    (line,) = read_lines(service.log)

    assert sensitive == {"region", "express"}
    assert line["features"] == {key: value for key, value in BOX.items() if key not in sensitive}


def test_a_disk_that_cannot_be_written_to_stops_nobody(boxes: Bundle, tmp_path: Path) -> None:
    """Where the folder of the log should be is a file: answers go on, the loss is told, counted."""
    (tmp_path / "log").write_text("in the way")
    with running_service(boxes.folder, tmp_path) as service, service.client() as client:
        statuses = {client.post("/predict", json={"records": BOXES}).status_code for _ in range(5)}
        assert wait_until(lambda: "contender_log_failed_total 20.0" in client.get("/metrics").text)

    assert statuses == {200}
    assert [event.get("folder") for event in service.said() if event["level"] == "warning"] == [
        str(service.log)
    ]


def test_a_full_queue_drops_and_counts() -> None:
    """While the disk hangs, offers return at once; what does not fit is dropped and counted."""
    sink = Sluggish()
    log, counters = open_log(lambda name: sink, queue_lines=10)
    started = time.monotonic()
    taken = [log.offer(entry(b"%d" % number)) for number in range(500)]
    took = time.monotonic() - started
    sink.free.set()
    log.close()

    assert took < 1
    assert taken[:10] == [True] * 10
    assert 10 <= sum(taken) < 500
    assert counters.total("log_dropped") == 500 - sum(taken)
    assert counters.total("log_written") == len(sink.lines) == sum(taken)


def test_an_entry_larger_than_the_queue_is_dropped() -> None:
    """One call of more rows than the queue holds cannot make it hold more."""
    log, counters = open_log(lambda name: Sluggish(), queue_lines=3)
    offered = log.offer(entry(b"a", b"b", b"c", b"d"))
    log.close()

    assert not offered
    assert counters.total("log_dropped") == 4


def test_a_full_disk_is_counted_and_tried_again() -> None:
    """Lines that cannot be written are counted as failed; the next file gets the next ones."""
    good = Sluggish()
    good.free.set()
    sinks: list[Sink] = [good, Full()]
    log, counters = open_log(lambda name: sinks.pop())
    log.offer(entry(b"lost"))
    assert wait_until(lambda: counters.total("log_failed") == 1)
    log.offer(entry(b"kept"))
    log.close()

    assert good.lines == [b"kept"]
    assert counters.total("log_written") == 1


def test_files_rotate_and_the_oldest_go(tmp_path: Path) -> None:
    """Disk use is bounded: a full file is closed, and only the newest files are kept."""
    opener = partial(RotatingFile, tmp_path, file_bytes=400, files=3)
    log, _ = open_log(opener)
    for number in range(40):
        log.offer(entry(b'{"n": %d, "x": "%s"}' % (number, b"x" * 60)))
        if number % 4 == 0:
            time.sleep(0.12)
    log.close()
    files = sorted(tmp_path.iterdir())
    lines = [json.loads(line)["n"] for path in files for line in path.read_text().splitlines()]

    assert sum(path.stat().st_size for path in files) <= 3 * 400 + 5 * 80
    assert lines == sorted(lines)
    assert lines[-1] == 39
    assert lines[0] > 0


def test_restarts_lose_nothing(tmp_path: Path) -> None:
    """Each start begins a file of its own, and only size makes older ones go."""
    for number in range(30):
        file = RotatingFile(tmp_path, "predictions", file_bytes=1000, files=3)
        file.write(b'{"n": %d}\n' % number)
        file.close()

    assert [line["n"] for line in read_lines(tmp_path)] == list(range(30))


def test_a_disk_without_room_costs_no_older_line(tmp_path: Path) -> None:
    """Files that never got a line are not left behind, and push no other file out."""
    old = RotatingFile(tmp_path, "predictions", file_bytes=1000, files=3)
    old.write(b'{"n": 0}\n')
    old.close()
    for _ in range(30):
        RotatingFile(tmp_path, "predictions", file_bytes=1000, files=3).close()

    assert [line["n"] for line in read_lines(tmp_path)] == [0]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_restarted_service_adds_to_the_log(boxes: Bundle, tmp_path: Path) -> None:
    """A later service in the same folder leaves what an earlier one wrote."""
    for name in ("first", "second"):
        with running_service(boxes.folder, tmp_path) as service, service.client() as client:
            client.post("/predict", json={"records": [BOX]}, headers={"x-request-id": name})

    assert [outcome.request_id for outcome in read_outcomes(service.log)] == ["first", "second"]


def test_workers_write_apart(boxes: Bundle, tmp_path: Path) -> None:
    """Each worker has a file of its own; together they hold every answer once."""
    asked = []

    def ask() -> bool:
        with service.client() as client:
            answer = client.post("/predict", json={"records": [BOX]})
        asked.append(answer.json()["request_id"])
        return len(list(service.log.glob("predictions-*"))) == 2

    with running_service(boxes.folder, tmp_path, workers=2) as service:
        assert wait_until(ask)

    assert sorted(line["request_id"] for line in read_lines(service.log)) == sorted(asked)


def test_a_service_answers_while_its_log_is_full(boxes: Bundle, tmp_path: Path) -> None:
    """Predictions are dropped and counted; labels are refused, as they can be sent again."""
    with (
        running_service(boxes.folder, tmp_path, log_queue_rows=3) as service,
        service.client() as client,
    ):
        answers = [client.post("/predict", json={"records": BOXES}) for _ in range(5)]
        labels = [{"request_id": "a", "label": "no"}] * 4
        refused = client.post("/feedback", json={"labels": labels})
        metrics = client.get("/metrics").text

    assert {answer.status_code for answer in answers} == {200}
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "contender_log_dropped_total 24.0" in metrics
    assert not list(service.log.glob("predictions-*"))


def test_a_half_written_line_is_no_line(tmp_path: Path) -> None:
    """What a killed service left at the end of a file is skipped; a damaged line is not."""
    line = {
        "time": "2026-01-01T00:00:00+00:00",
        "request_id": "a",
        "row": 0,
        "model_digest": "d",
        "features": {},
        "prediction": 0.5,
    }
    path = tmp_path / "predictions-1-1.jsonl"
    path.write_text(json.dumps(line) + '\n{"time": "20')
    assert [outcome.request_id for outcome in read_outcomes(tmp_path)] == ["a"]

    path.write_text('{"time": "20\n' + json.dumps(line) + "\n")
    with pytest.raises(IntegrityError, match="line 1 of"):
        list(read_outcomes(tmp_path))


def test_no_predictions_are_no_outcomes(tmp_path: Path) -> None:
    """A folder without a log is an error, not an empty result."""
    with pytest.raises(MissingError, match="holds no predictions"):
        list(read_outcomes(tmp_path))
