"""The same model without any of the pipeline: `bare.py CSV PARAMS ID TARGET POSITIVE`.

What a person would write in a notebook: read, split, encode, fit, predict, score.
"""

import sys

import pandas as pd
from ruamel.yaml import YAML
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder


def main() -> None:
    """Print the area under the ROC curve on the rows held out."""
    source, params_file, row_id, target, positive = sys.argv[1:]
    with open(params_file, encoding="utf-8") as stream:
        params = YAML(typ="safe", pure=True).load(stream)
    seed = params["train"]["seed"]
    table = pd.read_csv(source)
    labels = table[target] == positive
    features = table.drop(columns=[row_id, target])
    texts = list(features.select_dtypes(exclude="number"))
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    settings = params["train"]["hyperparameters"]["hist_gradient_boosting"]
    model = Pipeline(
        [
            ("features", ColumnTransformer([("texts", encoder, texts)], remainder="passthrough")),
            (
                "estimator",
                HistGradientBoostingClassifier(random_state=seed, early_stopping=False, **settings),
            ),
        ]
    )
    train, holdout, train_labels, holdout_labels = train_test_split(
        features, labels, test_size=params["split"]["holdout"], random_state=seed
    )
    model.fit(train, train_labels)
    scores = model.predict_proba(holdout)[:, 1]
    print(f"roc_auc {roc_auc_score(holdout_labels, scores):.4f}")


if __name__ == "__main__":
    main()
