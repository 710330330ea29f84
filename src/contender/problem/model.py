"""The estimators a team can choose by name in params.yaml; add your own to `ESTIMATORS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contender.errors import ParameterError
from contender.problem.features import Diet, build_features
from contender.problem.schema import Schema, Task

# What reading models/estimator.skops back may create, beyond what skops trusts by itself. Trees
# are read without bounds checks, so the file's digest is compared with the manifest's before.
TRUSTED_TYPES: Final = (
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


@dataclass(frozen=True)
class Recipe:
    """How an estimator is made for a task, and how the numbers it sees are served."""

    make: Callable[..., Any]
    diet: Diet


def build_model(schema: Schema, *, name: str, settings: Mapping[str, Any], seed: int) -> Any:
    """An unfitted Pipeline from raw feature columns to predictions.

    Raises:
        ParameterError: the estimator or one of its settings is unknown.
    """
    recipe = ESTIMATORS.get(name)
    if recipe is None:
        raise ParameterError(
            f"the estimator `{name}` is unknown; expected one of `{', '.join(ESTIMATORS)}`.",
            hint="set `train.estimator` in params.yaml, or add to ESTIMATORS in problem/model.py",
        )
    from sklearn.pipeline import Pipeline

    try:
        estimator = recipe.make(schema.task, seed=seed, **settings)
    except (TypeError, ZeroDivisionError) as error:
        raise ParameterError(
            f"`train.hyperparameters.{name}` does not fit the estimator: {error}; "
            f"given `{dict(settings)}`.",
            hint="keep to the names of the estimator's own constructor",
        ) from error
    features = build_features(schema, diet=recipe.diet)
    return Pipeline([("features", features), ("estimator", estimator)])


def _hist_gradient_boosting(task: Task, *, seed: int, **settings: Any) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    regress = task is Task.REGRESSION
    kind = HistGradientBoostingRegressor if regress else HistGradientBoostingClassifier
    return kind(random_state=seed, early_stopping=False, **settings)


def _random_forest(task: Task, *, seed: int, **settings: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if task is Task.REGRESSION else RandomForestClassifier
    return kind(random_state=seed, n_jobs=1, **settings)


def _linear(task: Task, *, seed: int, strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge

    if task is Task.REGRESSION:
        return Ridge(alpha=strength, random_state=seed)
    return LogisticRegression(C=1 / strength, max_iter=1000, random_state=seed)


ESTIMATORS: Final[Mapping[str, Recipe]] = {
    "hist_gradient_boosting": Recipe(_hist_gradient_boosting, "raw"),
    "random_forest": Recipe(_random_forest, "imputed"),
    "linear": Recipe(_linear, "scaled"),
}
