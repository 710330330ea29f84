"""`POST /explain`: what each feature of one record adds to its prediction."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np

from contender.serving.calls import Call
from contender.serving.contract import Row, decode, require_distinct
from contender.serving.service import Service
from contender.serving.shapes import define

SEED: Final = 7  # the same record gets the same explanation
MAX_ROWS: Final = 20_000  # predicted for one explanation, however many features there are

Number = float | list[float]


class Explanation(msgspec.Struct, frozen=True):
    """How the prediction of a record comes about, from that of a reference row.

    `reference_prediction` and all `contributions` add up to `prediction`: a number, or one a class.
    """

    prediction: Number
    reference_prediction: Number
    contributions: dict[str, Number]
    reference: dict[str, Any]
    permutations: int
    model_digest: str
    request_id: str


class Explain:
    """Shapley values against one reference row, averaged over random orders of the features."""

    route = "explain"
    summary = "Explain the prediction of one record"
    status = 200
    answer = Explanation

    def __init__(self, service: Service, *, permutations: int) -> None:
        self._service = service
        self._permutations = permutations
        self.named = service.named
        self.request: Any = define("ExplainRequest", ("record", service.model.contract.record))
        self._decoder = msgspec.json.Decoder(self.request)

    async def respond(self, body: bytes, call: Call) -> Explanation:
        """The contribution of each feature to the prediction of the record."""
        contract = self._service.model.contract
        (row,) = contract.to_rows([decode(self._decoder, body).record])
        require_distinct(body, 2 + contract.count_quotes([row]))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._service.executor, self._explain, row, call)

    def _explain(self, row: Row, call: Call) -> Explanation:
        model = self._service.model
        names, reference = model.contract.features, model.reference
        orders = draw_orders(row, reference, self._permutations)
        steps = np.array(model.predict(walk_rows(row, reference, orders)))
        contributions = share_out(steps, orders, n_features=len(row))
        return Explanation(
            prediction=steps[-1].tolist(),
            reference_prediction=steps[0].tolist(),
            contributions=dict(zip(names, contributions.tolist(), strict=True)),
            reference=dict(zip(names, reference, strict=True)),
            permutations=len(orders),
            model_digest=model.digest,
            request_id=call.id,
        )


def draw_orders(row: Row, reference: Row, count: int) -> list[list[int]]:
    """Orders of the features in which `row` and `reference` differ, each followed by its reverse.

    What a feature adds early in an order it adds late in the reverse: pairs halve the variance
    and more (Mitchell et al., Sampling permutations for Shapley value estimation, JMLR 2022).
    """
    pairs = enumerate(zip(row, reference, strict=True))
    differing = [index for index, (value, other) in pairs if value != other]
    affordable = min(count, MAX_ROWS // (len(differing) + 1))
    generator = np.random.default_rng(SEED)
    orders: list[list[int]] = []
    while len(orders) < max(affordable, 2):
        order = generator.permutation(differing).astype(int).tolist()
        orders += [order, order[::-1]]
    return orders


def walk_rows(row: Row, reference: Row, orders: Sequence[Sequence[int]]) -> list[Row]:
    """For each order, the rows from `reference` to `row`, one more feature changed in each."""
    rows: list[Row] = []
    for order in orders:
        values = list(reference)
        rows.append(reference)
        for index in order:
            values[index] = row[index]
            rows.append(tuple(values))
    return rows


def share_out(steps: np.ndarray, orders: Sequence[Sequence[int]], *, n_features: int) -> np.ndarray:
    """What each feature added on the way, on average: of shape (n_features, ...).

    `steps` are the predictions of the rows that `walk_rows` gives for `orders`. A feature that is
    as in the reference row adds nothing, exactly.
    """
    total = np.zeros((n_features, *steps.shape[1:]))
    walks = steps.reshape(len(orders), -1, *steps.shape[1:])
    for order, walk in zip(orders, np.diff(walks, axis=1), strict=True):
        total[order] += walk
    return total / len(orders)
