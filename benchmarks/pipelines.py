"""The fitted scikit-learn pipeline, saved as whoever uses MLflow alone would serve it."""

import sys
from pathlib import Path

import pandas as pd
from measure import ROOT

from contender import files
from contender.bundle import MODEL, Bundle
from contender.bundle.golden import to_columns
from contender.paths import Paths
from contender.problem import artifacts


def save_pipeline(bundle: Bundle, folder: Path) -> Path:
    """MLflow's folder of the pipeline that the graph of `bundle` was made of.

    Raises:
        SystemExit: models/ holds another one.
    """
    from mlflow import sklearn
    from mlflow.models import infer_signature

    paths = Paths(root=ROOT, work=ROOT)
    if not paths.model.exists() or files.sha256(paths.model) != bundle.sums[MODEL]:
        sys.exit("models/ holds another model than the bundle; run `contender bundle` first")
    frame = pd.DataFrame(to_columns(bundle.golden().records, bundle.schema()))
    sklearn.save_model(
        artifacts.load(paths.estimator.read_bytes()),
        folder,
        signature=infer_signature(frame),
        pyfunc_predict_fn="predict_proba",
        serialization_format="cloudpickle",
    )
    return folder
