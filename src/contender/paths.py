"""Every file name of the project, once."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Where things are: what people write lies below `root`, what stages make below `work`.

    The two are the same folder except in smoke mode, which must not touch real results.
    """

    root: Path = Path(".")
    work: Path = Path(".")

    @property
    def params(self) -> Path:
        return self.root / "params.yaml"

    @property
    def schema(self) -> Path:
        return self.root / "data/schema.yaml"

    @property
    def expectations(self) -> Path:
        return self.root / "data/expectations.json"

    @property
    def dictionary(self) -> Path:
        return self.root / "data/README.md"

    @property
    def raw(self) -> Path:
        return self.root / "data/raw"

    @property
    def table(self) -> Path:
        return self.work / "data/interim/table.parquet"

    @property
    def train(self) -> Path:
        return self.work / "data/prepared/train.parquet"

    @property
    def holdout(self) -> Path:
        return self.work / "data/prepared/holdout.parquet"

    @property
    def split(self) -> Path:
        return self.work / "data/prepared/split.json"

    @property
    def models(self) -> Path:
        return self.work / "models"

    @property
    def model(self) -> Path:
        return self.models / "model.onnx"

    @property
    def baseline(self) -> Path:
        return self.models / "baseline.onnx"

    @property
    def estimator(self) -> Path:
        return self.models / "estimator.skops"

    @property
    def manifest(self) -> Path:
        return self.models / "manifest.json"

    @property
    def reports(self) -> Path:
        return self.work / "reports"

    @property
    def validation(self) -> Path:
        return self.reports / "validation.json"

    @property
    def data_docs(self) -> Path:
        return self.reports / "data_docs"

    @property
    def training(self) -> Path:
        return self.reports / "training.json"

    @property
    def tuning(self) -> Path:
        return self.reports / "tuning.json"

    @property
    def metrics(self) -> Path:
        return self.reports / "metrics.json"

    @property
    def slices(self) -> Path:
        return self.reports / "slices.json"

    @property
    def fairness(self) -> Path:
        return self.reports / "fairness.json"

    @property
    def explanations(self) -> Path:
        return self.reports / "explanations.json"

    @property
    def curves(self) -> Path:
        return self.reports / "curves"

    @property
    def plots(self) -> Path:
        return self.reports / "plots"

    @property
    def cost(self) -> Path:
        return self.reports / "cost.json"

    @property
    def decision(self) -> Path:
        return self.reports / "decision.json"

    @property
    def report(self) -> Path:
        return self.reports / "report.html"

    @property
    def card(self) -> Path:
        return self.reports / "MODEL_CARD.md"

    @property
    def champion(self) -> Path:
        """The champion's files as last fetched from the registry, one folder a digest."""
        return self.work / ".contender/champions"

    @property
    def bundles(self) -> Path:
        """One folder a bundle, named by its digest."""
        return self.work / "bundles"

    @property
    def current(self) -> Path:
        """Leads to the bundle that is served."""
        return self.bundles / "current"

    @property
    def sbom(self) -> Path:
        """The packages in the image that was built last."""
        return self.reports / "image.sbom.json"

    @property
    def log(self) -> Path:
        """What the service answered, and the labels that came later."""
        return self.work / "logs"

    @property
    def lock(self) -> Path:
        return self.work / ".contender/lock"

    @property
    def rollout(self) -> Path:
        """What is in production here, how far a rollout is, and what runs for it."""
        return self.work / ".contender/rollout"

    @property
    def rollout_lock(self) -> Path:
        return self.rollout / "lock"

    @property
    def staging(self) -> Path:
        """What was found in the challenger before it got any traffic."""
        return self.rollout / "staging.json"

    @property
    def registry(self) -> Path:
        return self.work / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        return self.work / "mlartifacts"
