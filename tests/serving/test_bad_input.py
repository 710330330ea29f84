"""Bad input: every kind of it is refused, with a 4xx that names the field, by every protocol."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contender.bundle import Bundle
from tests.serving.records import BOX, as_columns, as_split, as_tensors
from tests.servers.serving import running_service

GOOD = json.dumps(BOX)


def body(record: str) -> bytes:
    """The body of a call to /predict with this text as its one record."""
    return f'{{"records": [{record}]}}'.encode("utf-8", "surrogatepass")


def post(client: httpx.Client, content: bytes, path: str = "/predict") -> httpx.Response:
    """The answer to a POST of these bytes as JSON."""
    return client.post(path, content=content, headers={"content-type": "application/json"})


BAD_VALUES = {
    "weight": ['"7"', "true", "-1", "201", "[7]", "{}", "1e999", "-1e999", "1" + "0" * 400, "1e39"],
    "items": ["1.5", "0", "null", '"3"', "1e999", "9" * 400],
    "express": ["2", "0.5", '"true"', "null", "-1"],
    "region": ['"east"', "null", "1", "true", '""', '["north"]'],
    "colour": ['"blue"', '""', '"red "', "0"],
    "gift": ["2", '"yes"', "[]"],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in BAD_VALUES.items() for value in values]
)
def test_a_bad_value_is_refused_by_name(client: httpx.Client, field: str, value: str) -> None:
    """Wrong type, out of range, unknown category, missing where nothing may be: 422."""
    record = json.dumps(BOX | {field: "@"}).replace('"@"', value)
    answer = post(client, body(record))

    assert answer.status_code == 422
    assert answer.json()["field"] == f"records[0].{field}"
    assert f"`records[0].{field}`" in answer.json()["error"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_python_takes_for_json_is_refused_by_name(client: httpx.Client, value: str) -> None:
    """NaN and Infinity are no JSON, whatever Python's own writer thinks."""
    answer = post(client, body(GOOD.replace("7.25", value)))

    assert answer.status_code == 400
    assert answer.json()["field"] == "records[0].weight"


@pytest.mark.parametrize("text", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\\ud800", b"\\udc00x"])
def test_text_that_is_no_unicode_is_refused_by_name(client: httpx.Client, text: bytes) -> None:
    """Bytes that are no UTF-8, and halves of a surrogate pair."""
    answer = post(client, body(GOOD).replace(b'"red"', b'"' + text + b'"'))

    assert answer.status_code == 400
    assert answer.json()["field"] == "records[0].colour"


@pytest.mark.parametrize("name", ["Weight", "weight ", "kept", "box", "", "ü", "__class__"])
def test_an_unknown_column_is_refused_by_name(client: httpx.Client, name: str) -> None:
    """A column that the model does not take, be it the target or a misspelt one."""
    answer = post(client, body(json.dumps(BOX | {name: 1})))

    assert answer.status_code == 422
    assert answer.json()["field"] == f"records[0].{name}"


@pytest.mark.parametrize("value", ["words", 1, 0.5, True, None])
def test_a_column_that_the_schema_ignores_changes_nothing(client: httpx.Client, value: Any) -> None:
    """Callers may send what the next model needs before it is there."""
    plain = post(client, body(json.dumps(BOX)))
    more = post(client, body(json.dumps({"notes": value} | BOX)))

    assert more.status_code == 200
    assert more.json()["predictions"] == plain.json()["predictions"]


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (json.dumps(BOX)[:-1] + ', "notes": 1, "notes": 2}', 400),
        (json.dumps(BOX | {"notes": {"deep": 1}}), 422),
        (json.dumps(BOX | {"notes": [1]}), 422),
    ],
)
def test_an_ignored_column_is_still_one_plain_value(
    client: httpx.Client, record: str, status: int
) -> None:
    """Neither two of them, nor something with values inside."""
    answer = post(client, body(record))

    assert answer.status_code == status
    assert answer.json()["field"] == "records[0].notes"


def test_a_forged_place_is_not_believed(client: httpx.Client) -> None:
    """A name that looks like the parser's own words does not change which field is named."""
    name = "x` - at `$.records[7].weight"
    answer = post(client, body(json.dumps(BOX | {name: 1})))

    assert answer.status_code == 422
    assert answer.json()["field"] == f"records[0].{name}"


@pytest.mark.parametrize(
    "record",
    [
        BOX | {"x" * 900_000: 1},
        BOX | {"region": "x" * 900_000},
        BOX | {"x" * 900_000: float("nan")},
        {f"x{number}": 1 for number in range(60_000)},
    ],
)
def test_a_long_text_is_not_told_back(client: httpx.Client, record: dict[str, Any]) -> None:
    """What is said of a body is short however long it is, to the caller and to the log."""
    answer = post(client, body(json.dumps(record)))

    assert answer.status_code in (400, 422)
    assert len(answer.content) < 2000


@pytest.mark.parametrize("name", BOX)
def test_a_missing_column_is_refused_by_name(client: httpx.Client, name: str) -> None:
    """Every column must be given, null where it may be missing."""
    record = {key: value for key, value in BOX.items() if key != name}
    answer = post(client, body(json.dumps(record)))

    assert answer.status_code == 422
    assert answer.json()["field"] == f"records[0].{name}"


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (GOOD[:-1] + ', "weight": 1}', "records[0].weight"),
        (GOOD[:-1] + ', "weight": 7.25}', "records[0].weight"),
        (GOOD[:-1] + ', "we\\u0069ght": 1}', "records[0].weight"),
        (GOOD[:-1] + ', "colour": "red"}', "records[0].colour"),
        (GOOD[:-1] + '}], "records": [' + GOOD, "records"),
        (GOOD + "," + GOOD[:-1] + ', "gift": null}', "records[1].gift"),
    ],
)
def test_a_key_given_twice_is_refused_by_name(
    client: httpx.Client, record: str, field: str
) -> None:
    """Nobody guesses which of two values was meant, not even when they are equal."""
    answer = post(client, body(record))

    assert answer.status_code == 400
    assert answer.json()["field"] == field


def test_escapes_are_read_as_what_they_mean(client: httpx.Client) -> None:
    """An escaped text is the text, and an escaped quotation mark is no second key."""
    plain = post(client, body(GOOD)).json()["predictions"]
    escaped = post(client, body(GOOD.replace("red", "r\\u0065d")))

    assert escaped.status_code == 200
    assert escaped.json()["predictions"] == plain


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"records",
        body(GOOD)[:-1],
        body(GOOD) + b"x",
        b"\xef\xbb\xbf" + body(GOOD),
        body(GOOD).decode().encode("utf-16"),
        body(GOOD.replace("7.25", "07.25")),
        body(GOOD.replace("7.25", ".25")),
        body(GOOD.replace("7.25", "0x7")),
        body(GOOD.replace('"red"', "'red'")),
        body(GOOD.replace("red", "r\ned")),
        b"[" * 100_000,
        b'{"records":' * 50_000,
        b"\x00" * 1000,
        b"\x1f\x8b\x08\x00" + b"\x00" * 100,
    ],
)
def test_what_is_no_json_is_refused(client: httpx.Client, content: bytes) -> None:
    """Cut off, nested too deeply, in another encoding, or never JSON at all: never a 5xx."""
    answer = post(client, content)

    assert answer.status_code in (400, 422)
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "content", ["null", "[]", "{}", "7", '"records"', '{"records": {}}', '{"records": []}']
)
def test_json_of_another_form_is_refused(client: httpx.Client, content: str) -> None:
    """JSON that is no object with records; no record at all is nothing to predict."""
    assert post(client, content.encode()).status_code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda split: split["columns"].__setitem__(0, "nobody"), "dataframe_split.data[0].nobody"),
        (lambda split: split["columns"].__setitem__(0, "items"), "dataframe_split.columns"),
        (lambda split: split["data"][0].pop(), "dataframe_split.data[0]"),
        (lambda split: split["data"][0].__setitem__(0, 7), "dataframe_split.data[0].gift"),
        (lambda split: split.update(rows=1), "dataframe_split.rows"),
    ],
)
def test_bad_frames_are_refused_by_name(
    client: httpx.Client, change: Callable[[dict[str, Any]], None], field: str
) -> None:
    """What can be wrong with the two parts of a frame."""
    split = as_split([BOX])
    change(split)
    answer = client.post("/invocations", json={"dataframe_split": split})

    assert answer.status_code == 422
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"inputs": as_columns([BOX]) | {"items": [1, 2]}}, "inputs.items"),
        ({"inputs": as_columns([BOX]) | {"items": [1.5]}}, "inputs.items[0]"),
        ({"inputs": as_columns([BOX]) | {"items": 1}}, "inputs.items"),
        ({"instances": [BOX | {"items": "1"}]}, "instances[0].items"),
        ({"dataframe_records": [BOX, {}]}, "dataframe_records[1].colour"),
        ({"dataframe_records": [BOX], "params": {}}, "params"),
    ],
)
def test_bad_invocations_are_refused_by_name(
    client: httpx.Client, content: dict[str, Any], field: str
) -> None:
    """The other formats of MLflow are as strict."""
    answer = client.post("/invocations", json=content)

    assert answer.status_code == 422
    assert answer.json()["field"] == field


@pytest.mark.parametrize("content", [{}, {"inputs": as_columns([BOX]), "instances": [BOX]}])
def test_one_format_is_given_at_a_time(client: httpx.Client, content: dict[str, Any]) -> None:
    """None, or two that may contradict each other, are refused."""
    assert client.post("/invocations", json=content).status_code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda inputs: inputs.pop(), "inputs"),
        (lambda inputs: inputs.append(inputs[0]), "inputs[6].name"),
        (lambda inputs: inputs[0].update(name="nobody"), "inputs[0].name"),
        (lambda inputs: inputs[0].update(datatype="FP32"), "inputs[0].datatype"),
        (lambda inputs: inputs[2].update(datatype="BYTES"), "inputs[2].datatype"),
        (lambda inputs: inputs[2].update(datatype="float"), "inputs[2].datatype"),
        (lambda inputs: inputs[2].update(shape=[2]), "inputs[2].shape"),
        (lambda inputs: inputs[2].update(shape=[1, 2]), "inputs[2].shape"),
        (lambda inputs: inputs[2].update(shape=[]), "inputs[2].shape"),
        (lambda inputs: inputs[2].update(data=["7"]), "inputs[2].data[0]"),
        (lambda inputs: inputs[2].update(data=[[7, 7]], shape=[1, 1]), "inputs[2].data[0]"),
        (lambda inputs: inputs[2].update(data=[[7]]), "inputs[2].data[0]"),
        (lambda inputs: inputs[2].update(data=7), "inputs[2].data"),
        (lambda inputs: inputs[2].update(data=[7, 7], shape=[2]), "inputs"),
        (lambda inputs: inputs[0].update(data=["blue"]), "inputs[0].data[0]"),
        (lambda inputs: inputs[0].pop("data"), "inputs[0].data"),
    ],
)
def test_bad_tensors_are_refused_by_name(
    client: httpx.Client, change: Callable[[list[dict[str, Any]]], None], field: str
) -> None:
    """What can be wrong with the tensors of the Open Inference Protocol."""
    inputs = as_tensors([BOX])
    change(inputs)
    answer = client.post("/v2/models/boxes/infer", json={"inputs": inputs})

    assert answer.status_code == 422
    assert answer.json()["field"] == field


def test_a_tensor_of_nan_is_refused_by_name(client: httpx.Client) -> None:
    """NaN inside a tensor is as little JSON as anywhere else."""
    content = json.dumps({"inputs": as_tensors([BOX])}).replace("7.25", "NaN").encode()
    answer = post(client, content, "/v2/models/boxes/infer")

    assert answer.status_code == 400
    assert answer.json()["field"] == "inputs[2].data[0]"


@pytest.mark.parametrize(
    "path", ["/explain", "/feedback", "/invocations", "/v2/models/boxes/infer"]
)
@pytest.mark.parametrize(
    "content", [b"", b"null", b"[" * 10**5, b'{"a": NaN}', b"\xff", b'{"a":1}']
)
def test_no_protocol_breaks_on_garbage(client: httpx.Client, path: str, content: bytes) -> None:
    """The same garbage is refused wherever it comes in."""
    assert post(client, content, path).status_code in (400, 422)


def test_policies_let_in_what_they_say(boxes: Bundle, tmp_path: Any) -> None:
    """With `accept`, unknown categories and numbers out of range are predicted; more is not."""
    policies = {"unknown_category": "accept", "out_of_range": "accept"}
    with running_service(boxes.folder, tmp_path, **policies) as service, service.client() as client:
        odd = BOX | {"colour": "blue", "weight": -3}
        statuses = [
            client.post("/predict", json={"records": [record]}).status_code
            for record in (odd, BOX | {"colour": ""}, BOX | {"items": 1.5}, BOX | {"weight": 1e39})
        ]

    assert statuses == [200, 422, 422, 422]
