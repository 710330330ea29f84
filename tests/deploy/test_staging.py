"""Staging: a good server passes every check, and each thing that may be wrong fails its own."""

import itertools
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contender import files
from contender.bundle import Bundle
from contender.cli import main
from contender.commands.rollout import make_controller
from contender.deploy.staging import run_checks
from contender.deploy.staging.cases import Cases, Unmet
from contender.deploy.staging.mutations import PLACES, Mutator
from contender.deploy.staging.report import CHECKS, Report
from contender.errors import ParameterError
from contender.params import Params, load_params
from contender.paths import Paths
from tests.servers.bundles import make_bundle
from tests.servers.processes import free_port
from tests.servers.relay import Passing, Spoil, relaying
from tests.servers.speaker import http, speaking
from tests.servers.serving import ROOT, Running, running_service

PARAMS = load_params(ROOT / "params.yaml")
DAMAGED = "damaged"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where bundles and the logs of services are."""
    return tmp_path_factory.mktemp("staging")


@pytest.fixture(scope="module")
def boxes(folder: Path) -> Bundle:
    """A binary model of columns of every kind."""
    return make_bundle(folder)


@pytest.fixture(scope="module")
def service(boxes: Bundle, folder: Path) -> Iterator[Running]:
    """A good server of `boxes`."""
    with running_service(boxes.folder, folder / "service") as running:
        yield running


def address_of(service: Running) -> str:
    """Where the service listens."""
    return service.url.removeprefix("http://")


def faults(report: Report) -> dict[str, str]:
    """What is wrong, by check."""
    return {item.name: item.fault for item in report.findings if item.fault}


def params(**changes: Any) -> Params:
    """The parameters of the repository, with `changes` in those of releases."""
    return PARAMS.model_copy(update={"release": PARAMS.release.model_copy(update=changes)})


def test_a_good_server_passes_every_check(service: Running, boxes: Bundle) -> None:
    """All five, each with cases of its own, in ten seconds, and it says so in words and in JSON."""
    started = time.monotonic()
    report = run_checks(address_of(service), boxes, PARAMS)

    assert faults(report) == {}
    assert report.fault == ""
    assert time.monotonic() - started < 10
    cases = {item.name: item.cases for item in report.findings}
    assert list(cases) == ["contract", "golden", "integration", "fuzz", "load"]
    assert min(cases.values()) >= 9
    assert cases["fuzz"] == 300
    kept = json.loads(json.dumps(report.to_json()))
    assert (kept["is_passed"], kept["digest"]) == (True, boxes.digest)
    assert len(report.render().splitlines()) == 6


@pytest.mark.parametrize("problem", ["wine", "diabetes"])
def test_every_task_passes(problem: str, folder: Path) -> None:
    """Many classes and values are checked as probabilities are."""
    bundle = make_bundle(folder, problem)
    quick = {name: check for name, check in CHECKS.items() if name != "load"}
    with running_service(bundle.folder, folder / f"{problem}-service") as service:
        assert faults(run_checks(address_of(service), bundle, PARAMS, quick)) == {}


def at(path: str, change: Callable[[Passing], Any]) -> Spoil:
    """What does `change` to answers from `path` that are no refusals."""

    def spoil(passing: Passing) -> None:
        if passing.path.endswith(path) and passing.status < 400:
            change(passing)

    return spoil


def edit(path: str, change: Callable[[Any], Any]) -> Spoil:
    """What does `change` to the JSON from `path`."""
    return at(path, lambda passing: passing.edit(change))


def answer(path: str, status: int, content: bytes = b"{}") -> Spoil:
    """What lets `path` answer this instead."""

    def change(passing: Passing) -> None:
        passing.status, passing.content = status, content

    return at(path, change)


def record_of(document: Any) -> Any:
    """What the document says of a record."""
    return document["components"]["schemas"]["Record"]


def now_and_then(change: Callable[[Passing], Any]) -> Spoil:
    """What does `change` to every tenth prediction."""
    numbers = itertools.count(1)
    return at("/predict", lambda passing: change(passing) if next(numbers) % 10 == 0 else None)


def refuse(change: Callable[[Passing], Any]) -> Spoil:
    """What does `change` to every refusal."""
    return lambda passing: change(passing) if passing.status >= 400 else None


def status(number: int) -> Callable[[Passing], None]:
    """What answers with another status."""
    return lambda passing: setattr(passing, "status", number)


def drop(name: str) -> Callable[[Passing], Any]:
    """What leaves a header away."""
    return lambda passing: passing.headers.pop(name, None)


SPOILT: dict[str, dict[str, Spoil]] = {
    "contract": {
        "no document": answer("/openapi.json", 404),
        "no JSON": answer("/openapi.json", 200, b"<html>"),
        "deep JSON": answer("/openapi.json", 200, b"[" * 100_000),
        "an empty document": answer("/openapi.json", 200),
        "a feature less": edit("/openapi.json", lambda d: record_of(d)["properties"].popitem()),
        "a feature more": edit("/openapi.json", lambda d: record_of(d)["properties"].update(x={})),
        "nothing required": edit("/openapi.json", lambda d: record_of(d).pop("required")),
        "open records": edit("/openapi.json", lambda d: record_of(d).pop("additionalProperties")),
        "a circle": edit(
            "/openapi.json",
            lambda d: d["components"]["schemas"].update(
                Record={"$ref": "#/components/schemas/Record"}
            ),
        ),
        "another version": edit("/models/boxes", lambda d: d.update(versions=["0" * 64])),
        "another name": edit("/models/boxes", lambda d: d.update(name="chests")),
        "an input less": edit("/models/boxes", lambda d: d["inputs"].pop()),
        "another datatype": edit("/models/boxes", lambda d: d["inputs"][0].update(datatype="FP64")),
        "no metadata": answer("/models/boxes", 500),
        "another digest": edit("/version", lambda d: d.update(model_digest=None)),
        "no commit": edit("/version", lambda d: d.update(commit="dirty")),
    },
    "golden": {
        "an error": answer("/predict", 500),
        "another prediction": edit("/predict", lambda d: d.update(predictions=[0.5])),
        "a little off": edit(
            "/invocations", lambda d: d["predictions"]["probability"].append(1e-5)
        ),
        "a row less": edit("/infer", lambda d: d["outputs"][0]["data"].pop()),
        "no outputs": edit("/infer", lambda d: d.update(outputs=[])),
        "no predictions": edit("/invocations", lambda d: d.pop("predictions")),
        "text": edit("/predict", lambda d: d.update(predictions=["much"])),
        "no JSON": answer("/predict", 200, b"0.5"),
        "another model": at(
            "/infer", lambda passing: passing.headers.update({"x-model-digest": "0" * 64})
        ),
        "no name": at("/predict", drop("x-model-digest")),
    },
    "integration": {
        "another id": at(
            "/predict", lambda passing: passing.headers.update({"x-request-id": "mine"})
        ),
        "no id in the body": edit("/predict", lambda d: d.pop("request_id")),
        "no trace": at("/predict", drop("traceparent")),
        "frozen numbers": answer("/metrics", 200, b"contender_rows_total 7\n"),
        "no explanation": answer("/explain", 503),
        "parts that do not add up": edit(
            "/explain", lambda d: d.update(reference_prediction=d["reference_prediction"] + 1e-4)
        ),
        "a part less": edit("/explain", lambda d: d["contributions"].popitem()),
        "no number": edit("/explain", lambda d: d.update(reference_prediction="half")),
        "another prediction": edit("/explain", lambda d: d.update(prediction=0.1)),
        "no feedback": answer("/feedback", 503),
        "no label": answer("/feedback", 202, b'{"accepted":0}'),
    },
    "fuzz": {
        "an error": refuse(status(500)),
        "no refusal": refuse(status(200)),
        "no field": refuse(lambda passing: passing.edit(lambda d: d.pop("field", None))),
        "another field": refuse(lambda passing: passing.edit(lambda d: d.update(field="x"))),
        "an error at nesting": lambda passing: (
            status(500)(passing) if passing.asked.startswith(b"[[") else None
        ),
        "an error at twice": lambda passing: (
            status(500)(passing) if b"twice" in passing.content else None
        ),
        "broken afterwards": edit("/predict", lambda d: d.update(predictions=[0.5])),
    },
    "load": {
        "an error": now_and_then(status(503)),
        "another prediction": now_and_then(
            lambda passing: passing.edit(lambda d: d.update(predictions=[0.5] * 4))
        ),
        "slow": now_and_then(lambda passing: time.sleep(0.4)),
    },
}


@pytest.mark.parametrize(
    ("name", "what"), [(name, what) for name, kinds in SPOILT.items() for what in kinds]
)
def test_what_is_wrong_fails_its_check(
    name: str, what: str, service: Running, boxes: Bundle
) -> None:
    """Whatever is spoilt in the answers of a good server is found, under the name of the check."""
    with relaying(service.url, SPOILT[name][what]) as address:
        report = run_checks(address, boxes, PARAMS, {name: CHECKS[name]})

    assert report.fault.startswith(f"{name}: ")
    assert not report.to_json()["is_passed"]
    assert "FAIL" in report.render()


def test_what_passes_calls_on_is_not_at_fault(service: Running, boxes: Bundle) -> None:
    """The same server with nothing spoilt passes all that the others fail."""
    with relaying(service.url, lambda passing: None) as address:
        assert faults(run_checks(address, boxes, PARAMS)) == {}


def test_a_slow_server_is_too_slow(service: Running, boxes: Bundle) -> None:
    """The limit is the one in the parameters: nobody answers in a hundredth of a millisecond."""
    load = {"load": CHECKS["load"]}
    report = run_checks(address_of(service), boxes, params(staging_p95_ms=0.01), load)

    assert "expected 0.01 ms at most" in report.fault


def test_another_bundle_fails(service: Running, folder: Path) -> None:
    """A good server of another model is none of this one."""
    other = make_bundle(folder, seed=8)
    quick = {name: CHECKS[name] for name in ("contract", "golden")}

    assert set(faults(run_checks(address_of(service), other, PARAMS, quick))) == set(quick)


def test_the_commit_of_the_environment_is_wanted(
    service: Running, boxes: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the release knows its commit, a server that does not name it fails."""
    monkeypatch.setenv("GIT_SHA", "a" * 40)
    contract = {"contract": CHECKS["contract"]}

    assert "commit" in run_checks(address_of(service), boxes, PARAMS, contract).fault


@pytest.mark.parametrize(
    "address", ["127.0.0.1:{port}", "127.0.0.1:99999", "no host at all", "", "["]
)
def test_where_nobody_listens_every_check_fails(address: str, boxes: Bundle) -> None:
    """Also where nobody could: nothing passes unasked."""
    report = run_checks(address.format(port=free_port()), boxes, PARAMS)

    assert set(faults(report)) == set(CHECKS)


@pytest.mark.parametrize("address", ["x:y", "::::", "a\nb"])
def test_what_is_no_address_is_refused(address: str, boxes: Bundle) -> None:
    """Before anybody is asked."""
    with pytest.raises(ParameterError, match="expected HOST:PORT"):
        run_checks(address, boxes, PARAMS)


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"220 smtp ready\r\n",
        http(b"{}"),
        http(b"null"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 999\r\n\r\n",
    ],
)
def test_garbage_fails_every_check(words: bytes, boxes: Bundle) -> None:
    """What speaks no HTTP, or nothing that was asked for, passes nothing."""
    with speaking(words) as address:
        assert set(faults(run_checks(address, boxes, PARAMS))) == set(CHECKS)


def test_a_server_that_says_nothing_fails(boxes: Bundle) -> None:
    """A connection that is taken and never answered is given up in time."""
    started = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        report = run_checks(address, boxes, PARAMS, {"golden": CHECKS["golden"]})

    assert report.fault.startswith("golden: ")
    assert time.monotonic() - started < 5


def test_nothing_passes_for_nothing(boxes: Bundle, service: Running) -> None:
    """No check is no success, and neither is a check without a case."""
    idle = {"idle": lambda subject, cases: "all is well"}

    assert run_checks(address_of(service), boxes, PARAMS, {}).fault == "nothing was checked"
    assert run_checks(address_of(service), boxes, PARAMS, idle).fault.startswith("idle: ")


def test_a_check_that_takes_too_long_fails() -> None:
    """Even when every case of it holds."""
    with pytest.raises(Unmet):
        Cases(limit_s=0).expect(True, "")


@pytest.mark.parametrize("problem", ["boxes", "breast_cancer", "wine", "diabetes"])
def test_bad_calls_are_made_from_the_schema(problem: str, folder: Path) -> None:
    """The same each time, all different, for every path, and never more than were asked for."""
    bundle = make_bundle(folder / "bad", problem)
    mutator = Mutator(bundle.schema(), bundle.golden().records[0], PARAMS.serving)
    drawn = mutator.draw(300, seed=7)

    assert drawn == mutator.draw(300, seed=7)
    assert drawn != mutator.draw(300, seed=8)
    assert len({(item.path, item.content) for item in drawn}) > 290
    assert {item.path for item in drawn} == {*PLACES, f"/v2/models/{problem}/infer"}
    assert len(drawn) == 300
    everything = mutator.draw(10**6, seed=7)
    named = {item.field for item in everything if item.path == "/predict" and item.field}
    assert named == {
        "records",
        "records[0].no such name",
        *(f"records[0].{name}" for name in bundle.schema().features),
    }


def test_the_controller_keeps_what_was_found(
    service: Running, boxes: Bundle, tmp_path: Path
) -> None:
    """The first reason is what a rollout is told; the whole report is on disk."""
    paths = Paths(work=tmp_path)
    paths.bundles.mkdir()
    (paths.bundles / boxes.digest).symlink_to(boxes.folder)
    stage = make_controller(paths, local=True).hooks.stage

    assert stage(f"127.0.0.1:{free_port()}", boxes.digest).startswith("contract: ")
    assert files.read_json(paths.staging, made_by="a rollout")["is_passed"] is False
    assert stage(address_of(service), boxes.digest) == ""
    assert files.read_json(paths.staging, made_by="a rollout")["is_passed"] is True


def test_staging_by_hand_starts_a_server_of_its_own(
    boxes: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`contender staging --json` needs a bundle, wherever it lies; exit code 0 for a good one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    code = main(["staging", "--bundle", str(boxes.folder), "--json"])
    told = json.loads(capsys.readouterr().out)

    assert (code, told["is_passed"], told["digest"]) == (0, True, boxes.digest)
    with pytest.raises(OSError):
        socket.create_connection(told["address"].split(":"), timeout=1)


def test_staging_by_hand_tells_what_failed(
    boxes: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 20 where nobody answers at the address, 1 where there is no bundle."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    address = f"127.0.0.1:{free_port()}"

    assert main(["staging", "--bundle", str(boxes.folder), "--address", address]) == 20
    assert capsys.readouterr().out.count("FAIL") == 5
    assert main(["staging", "--bundle", str(tmp_path / "none"), "--address", address]) == 1


@pytest.mark.parametrize(("library", "group"), [("httpx", "deploy"), ("uvicorn", "serving")])
@pytest.mark.parametrize(
    "arguments",
    [["staging"], ["rollout"], ["approve", "--by=me"], ["rollback", "--reason=x"], ["status"]],
)
def test_a_release_needs_its_libraries(
    library: str,
    group: str,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without their group the commands say which one is missing, and how to get it."""
    monkeypatch.setitem(sys.modules, library, None)

    assert main(arguments) == 1
    assert f"--group {group}`" in capsys.readouterr().err
