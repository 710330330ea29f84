"""From raw columns to the matrix an estimator sees; part of the model, so never computed apart."""

from typing import Any, Literal

from contender.problem.schema import Schema, category_text

MISSING = ""  # the text a missing category has, in training and in every request

Diet = Literal["raw", "imputed", "scaled"]


def build_features(schema: Schema, *, diet: Diet) -> Any:
    """An unfitted ColumnTransformer over the feature columns of `schema`.

    The diet says how numbers are served. `raw`: as they are, NaN included, for trees that split
    on missing values. `imputed`: the median for NaN. `scaled`: that, standardised, for linear
    models. Trees never get scaled numbers: rounding to float32 in the ONNX graph would move
    values across their thresholds.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    numbers: dict[Diet, Any] = {
        "raw": "passthrough",
        "imputed": SimpleImputer(strategy="median"),
        "scaled": make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
    }
    parts = [("numbers", numbers[diet], list(schema.numeric))] if schema.numeric else []
    parts += [
        (f"category_{index}", _encoder(schema, name), [name])
        for index, name in enumerate(schema.categorical)
    ]
    return ColumnTransformer(parts, verbose_feature_names_out=False)


def _encoder(schema: Schema, name: str) -> Any:
    """One 0/1 column a category; a category never seen before is all zeros."""
    from sklearn.preprocessing import OneHotEncoder

    column = schema.columns[name]
    known = [category_text(value) for value in column.categories or ()]
    if column.nullable and known:
        known.append(MISSING)
    return OneHotEncoder(
        categories=[known] if known else "auto", handle_unknown="ignore", sparse_output=False
    )


def source_columns(features: Any) -> list[str]:
    """The raw column behind each column that the fitted `features` makes of it."""
    found: list[str] = []
    for _, transformer, names in features.transformers_:
        made = list(transformer.get_feature_names_out(names))
        found += names * len(made) if len(names) == 1 else made
    return found
