"""`/explain`: contributions add up, are exact where that is possible, and hide nothing."""

import httpx
import numpy as np
import pytest

from contender.bundle import Bundle
from contender.serving.explain import draw_orders, share_out, walk_rows
from tests.serving.records import BOX
from tests.servers.serving import running_service


def test_contributions_add_up(client: httpx.Client, boxes: Bundle) -> None:
    """From the reference prediction to the prediction, feature by feature."""
    answer = client.post("/explain", json={"record": BOX}).json()
    predicted = client.post("/predict", json={"records": [BOX]}).json()["predictions"][0]
    reference = client.post("/predict", json={"records": [answer["reference"]]}).json()

    assert answer["prediction"] == predicted
    assert answer["reference_prediction"] == reference["predictions"][0]
    total = answer["reference_prediction"] + sum(answer["contributions"].values())
    assert total == pytest.approx(predicted, abs=1e-9)
    assert answer["contributions"].keys() == BOX.keys()
    assert max(map(abs, answer["contributions"].values())) > 0.001
    assert answer["model_digest"] == boxes.digest


def test_the_same_record_gets_the_same_explanation(client: httpx.Client) -> None:
    """The random orders are seeded."""
    first, second = (client.post("/explain", json={"record": BOX}).json() for _ in range(2))

    assert first["contributions"] == second["contributions"]


def test_the_reference_explains_itself_by_nothing(client: httpx.Client) -> None:
    """A feature that is as in the reference row adds exactly nothing."""
    reference = client.post("/explain", json={"record": BOX}).json()["reference"]
    answer = client.post("/explain", json={"record": reference}).json()

    assert set(answer["contributions"].values()) == {0.0}
    assert answer["prediction"] == answer["reference_prediction"]


def test_every_class_is_explained(bundles: dict[str, Bundle], tmp_path: object) -> None:
    """With many classes each contribution is a list of one a class, and they cancel out."""
    bundle = bundles["wine"]
    record = dict(bundle.golden().records[2]) | {"proline": 1500, "flavanoids": 3.5}
    with running_service(bundle.folder, tmp_path) as service, service.client() as client:  # type: ignore[arg-type]
        answer = client.post("/explain", json={"record": record}).json()
    total = np.array(answer["reference_prediction"]) + sum(
        np.array(value) for value in answer["contributions"].values()
    )

    assert total == pytest.approx(answer["prediction"], abs=1e-6)
    assert [sum(value) for value in answer["contributions"].values()] == pytest.approx(
        [0.0] * 13, abs=1e-6
    )


def test_more_than_one_record_is_refused(client: httpx.Client) -> None:
    """One record is explained at a time, and it is validated as everywhere."""
    many = client.post("/explain", json={"record": [BOX, BOX]})
    bad = client.post("/explain", json={"record": BOX | {"items": 0}})

    assert (many.status_code, bad.status_code) == (422, 422)
    assert bad.json()["field"] == "record.items"


def test_a_linear_function_is_explained_exactly() -> None:
    """Each feature adds weight times difference, whatever the order."""
    weights, row, reference = np.array([2.0, -3.0, 5.0]), (1.0, 2.0, 3.0), (0.0, 4.0, 3.0)
    orders = draw_orders(row, reference, 8)
    steps = np.array(walk_rows(row, reference, orders)) @ weights

    assert share_out(steps, orders, n_features=3).tolist() == pytest.approx([2.0, 6.0, 0.0])


def test_an_interaction_is_shared_equally() -> None:
    """Of a product of two features each gets half: orders come with their reverse."""
    row, reference = (1.0, 1.0, 9.0), (0.0, 0.0, 0.0)
    orders = draw_orders(row, reference, 2)
    steps = np.array([first * second for first, second, _ in walk_rows(row, reference, orders)])

    assert share_out(steps, orders, n_features=3).tolist() == [0.5, 0.5, 0.0]


def test_wide_models_are_explained_in_bounded_work() -> None:
    """With 50,000 features fewer orders are drawn, but never less than a pair."""
    row, reference = tuple(range(1, 50_001)), (0,) * 50_000

    assert len(draw_orders(row, reference, 64)) == 2
    assert len(draw_orders(row[:30], reference[:30], 64)) == 64
