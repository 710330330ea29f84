"""One graph holds features and model: raw columns of any name in, the estimator's answers out."""

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.semi_supervised import LabelSpreading

from contender.conversion import Kind, to_onnx
from contender.errors import ConversionError
from contender.inference import CHUNK_ROWS, Predictor
from contender.problem import frames
from contender.problem.model import ESTIMATORS, build_model
from contender.problem.schema import Schema
from tests.problem.test_model import REGRESSION
from tests.problem.test_schema import schema

SETTINGS: dict[str, dict[str, Any]] = {
    "hist_gradient_boosting": {"max_iter": 20},
    "random_forest": {"n_estimators": 10},
    "linear": {"strength": 1.0},
}
CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
COLOURS = ("red", "green", "", "rosé")
NUMBERS = st.one_of(st.just(np.nan), st.floats(-100, 100, width=32), st.integers(-5, 5).map(float))


def make(task: str, *, nullable: bool = True, **names: dict[str, Any]) -> Schema:
    """A schema of one number and one category, and of numbers of the given names."""
    colour = {"dtype": "string", "categories": ["red", "green", "rosé"], "nullable": nullable}
    target: dict[str, Any] = {"binary": {}, "regression": REGRESSION}.get(
        task, {"kind": {"categories": ["a", "b", "c"], "positive": None}}
    )
    return schema(task, colour=colour, **target, **names)


def rows(schema_: Schema, count: int, seed: int = 2) -> dict[str, np.ndarray]:
    """Random columns for the features, a tenth of the numbers missing."""
    rng = np.random.default_rng(seed)
    made: dict[str, np.ndarray] = {}
    for name in schema_.features:
        if name in schema_.numeric:
            numbers = rng.normal(size=count).astype(np.float32).astype(float)
            made[name] = np.where(rng.random(count) < 0.1, np.nan, numbers)
        else:
            made[name] = rng.choice(np.asarray(COLOURS, dtype=object), count)
    return made


def fit(task: str, name: str, made: Schema) -> Any:
    """A pipeline that learnt something from both columns."""
    columns = rows(made, 400)
    effect = np.nan_to_num(columns["size"]) + (columns["colour"] == "red")
    target = {
        "binary": (effect > 0.3).astype(int),
        "multiclass": np.digitize(effect, [0, 0.7]),
        "regression": effect * 10,
    }[task]
    model = build_model(made, name=name, settings=SETTINGS[name], seed=7)
    return model.fit(frames.to_frame(columns), target)


def kinds(made: Schema) -> dict[str, Kind]:
    """What the graph takes for each feature."""
    return {name: "number" if name in made.numeric else "text" for name in made.features}


def expected(model: Any, columns: dict[str, np.ndarray], task: str) -> np.ndarray:
    """What scikit-learn says of the rows."""
    frame = frames.to_frame(columns)
    if task == "regression":
        return np.asarray(model.predict(frame))
    probabilities = np.asarray(model.predict_proba(frame))
    return probabilities[:, 1] if task == "binary" else probabilities


@pytest.fixture(scope="module")
def models() -> dict[tuple[str, str], tuple[Any, Predictor]]:
    """Every estimator of every task, as fitted and as served."""
    made = {}
    for task, n_classes in CLASSES.items():
        for name in ESTIMATORS:
            model = fit(task, name, make(task))
            graph = to_onnx(model, kinds(make(task)), n_classes=n_classes)
            made[task, name] = (model, Predictor(graph))
    return made


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("task", CLASSES)
@given(
    cells=st.lists(
        st.tuples(NUMBERS, st.sampled_from([*COLOURS, "never seen", "red "])), min_size=1
    )
)
@settings(deadline=None, max_examples=40)
def test_graph_and_estimator_agree(
    task: str,
    name: str,
    cells: list[tuple[float, str]],
    models: dict[tuple[str, str], tuple[Any, Predictor]],
) -> None:
    """On any rows: missing numbers, missing categories, ones never seen, one row or many."""
    model, predictor = models[task, name]
    columns = {
        "size": np.asarray([number for number, _ in cells]),
        "colour": np.asarray([text for _, text in cells], dtype=object),
    }
    served = predictor.predict(columns)
    fitted = expected(model, columns, task)
    assert served.shape == fitted.shape
    np.testing.assert_allclose(served, fitted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("task", CLASSES)
def test_rows_do_not_see_each_other(
    task: str, name: str, models: dict[tuple[str, str], tuple[Any, Predictor]]
) -> None:
    """More rows than one chunk give, row by row, what each gives alone and in another order."""
    _, predictor = models[task, name]
    columns = rows(make(task), 70_000, seed=5)
    assert CHUNK_ROWS < 70_000
    together = predictor.predict(columns)
    backwards = predictor.predict({key: values[::-1] for key, values in columns.items()})
    np.testing.assert_allclose(backwards[::-1], together, atol=1e-6)
    for row in (0, CHUNK_ROWS - 1, CHUNK_ROWS, 69_999):
        alone = predictor.predict({key: values[row : row + 1] for key, values in columns.items()})
        np.testing.assert_allclose(alone[0], together[row], atol=1e-6)


@pytest.mark.parametrize(
    "names",
    [
        ("with space", "per/slash", "rosé", "a.b", "1st", "x__column", "%"),
        ("x y", "x_y", "x.y"),
        ("value", "variable", "label", "probability", "probabilities", "output_probability"),
        ("as_column", "as_row", "class_0", "class_1", "/as_column_", "scores", "features"),
    ],
)
@pytest.mark.parametrize("task", CLASSES)
def test_any_name_is_a_name(task: str, names: tuple[str, ...]) -> None:
    """Spaces, signs, names that differ by a sign only, and those the graph itself uses inside."""
    made = make(task, **{name: {} for name in names})
    for name in ("hist_gradient_boosting", "linear"):
        model = fit(task, name, made)
        predictor = Predictor(to_onnx(model, kinds(made), n_classes=CLASSES[task]))
        assert list(predictor.inputs) == list(made.features)
        columns = rows(made, 50, seed=8)
        np.testing.assert_allclose(
            predictor.predict(columns), expected(model, columns, task), atol=1e-5, rtol=1e-5
        )


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_pipeline_is_one_graph(name: str) -> None:
    """The same fit gives the same bytes; what it was fitted on is the only difference."""
    made = make("binary")
    graphs = {to_onnx(fit("binary", name, made), kinds(made), n_classes=2) for _ in range(2)}
    assert len(graphs) == 1


@pytest.mark.parametrize(
    ("task", "outputs"),
    [
        ("binary", ("probability",)),
        ("multiclass", ("probability_0", "probability_1", "probability_2")),
        ("regression", ("value",)),
    ],
)
def test_outputs_are_named_by_the_task(
    task: str, outputs: tuple[str, ...], models: dict[tuple[str, str], tuple[Any, Predictor]]
) -> None:
    """One column a prediction, under the names the docstring gives."""
    for name in ESTIMATORS:
        assert models[task, name][1].outputs == outputs


def test_an_estimator_without_a_graph_is_named() -> None:
    """The message says which one, and the hint where those that work are."""
    made = make("binary")
    model = fit("binary", "linear", made)
    model.steps[-1] = ("estimator", LabelSpreading().fit([[0.0], [1.0]], [0, 1]))
    with pytest.raises(ConversionError, match="`LabelSpreading` cannot be converted"):
        to_onnx(model, kinds(made), n_classes=2)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_text_is_not_copied(name: str) -> None:
    """Encoders read the inputs themselves, and nothing in the graph is there for nobody."""
    made = make("binary")
    model = onnx.load_from_string(to_onnx(fit("binary", name, made), kinds(made), n_classes=2))
    graph = model.graph
    encoders = [node for node in graph.node if node.op_type == "OneHotEncoder"]
    read = {item.name for item in graph.output}.union(*(node.input for node in graph.node))

    assert {node.input[0] for node in encoders} == {"colour"}
    assert all(read.intersection(node.output) for node in graph.node)
    assert {item.name for item in graph.initializer} <= read
