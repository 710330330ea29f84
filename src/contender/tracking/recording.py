"""One run and one version a distinct result, however often it is begun and wherever it stops.

The order is what makes it safe: a run stays open until its version is registered, and an open run
is continued with the same values, so every step may be done twice.
"""

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contender.errors import RegistryError
from contender.tracking.flavour import write_model
from contender.tracking.mutex import alone
from contender.tracking.values import DIGEST, Result, Version
from contender.tracking.versions import read_version, read_versions

if TYPE_CHECKING:
    from mlflow import MlflowClient

KEY: Final = "result_key"
MODEL_FOLDER: Final = "model"
MAX_PARAMS: Final = 100  # that a tracking server takes in one request


@dataclass(frozen=True)
class Recording:
    """A result on its way into the experiment and the registered model `name`.

    `location` is where a new experiment keeps its files; None leaves it to the server.
    """

    client: "MlflowClient"
    name: str
    location: str | None
    lease_s: float
    result: Result

    def finish(self) -> Version:
        """The version of the result, recorded now or before."""
        version = self._recorded()
        if version and self._status(version.run_id) == "FINISHED":
            return version
        run_id = version.run_id if version else self._open_run()
        try:
            digests = self._fill(run_id)
            version = self._register(run_id, digests)
        except Exception:
            with contextlib.suppress(Exception):  # the first error is the one to tell
                self.client.set_terminated(run_id, "FAILED")
            raise
        if version.run_id != run_id:  # another process recorded the same result meanwhile
            self.client.delete_run(run_id)
        else:
            self.client.set_terminated(run_id, "FINISHED")
        return version

    def _recorded(self) -> Version | None:
        key = self.result.key
        same = [item for item in read_versions(self.client, self.name) if item.tags.get(KEY) == key]
        return same[0] if same else None

    def _status(self, run_id: str) -> str:
        return str(self.client.get_run(run_id).info.status)

    def _open_run(self) -> str:
        """The run that was begun for this result, or a new one."""
        experiment = self._experiment()
        begun = self.client.search_runs(
            [experiment],
            f"tags.{KEY} = '{self.result.key}'",
            max_results=1,
            order_by=["attributes.start_time ASC"],
        )
        if begun:
            self.client.update_run(begun[0].info.run_id, status="RUNNING")
            return str(begun[0].info.run_id)
        tags = {KEY: self.result.key, **self.result.tags}
        created = self.client.create_run(experiment, tags=tags, run_name=self.result.name)
        return str(created.info.run_id)

    def _experiment(self) -> str:
        from mlflow.exceptions import MlflowException

        found = self.client.get_experiment_by_name(self.name)
        if found is None:
            with contextlib.suppress(MlflowException):  # made meanwhile by another process
                return str(self.client.create_experiment(self.name, self.location))
            found = self.client.get_experiment_by_name(self.name)
        if found is None or found.lifecycle_stage != "active":
            raise RegistryError(
                f"the experiment `{self.name}` was deleted; expected it to be active.",
                hint="restore it with `mlflow experiments restore`, or rename `dataset` in "
                "data/schema.yaml",
            )
        return str(found.experiment_id)

    def _fill(self, run_id: str) -> dict[str, str]:
        """The digests of the bundle, once parameters, metrics, reports and model are in the run."""
        from mlflow.entities import Metric, Param

        # One fixed time a run: a metric that is logged again is the same point, not a second one.
        time_ms = self.client.get_run(run_id).info.start_time
        metrics = [Metric(key, value, time_ms, 0) for key, value in self.result.metrics.items()]
        params = [Param(key, value) for key, value in self.result.params.items()]
        self.client.log_batch(run_id, metrics=metrics)
        for start in range(0, len(params), MAX_PARAMS):
            self.client.log_batch(run_id, params=params[start : start + MAX_PARAMS])
        with tempfile.TemporaryDirectory() as folder:
            digests = write_model(Path(folder, MODEL_FOLDER), self.result, run_id=run_id)
            for name, path in self.result.reports.items():
                copy = Path(folder, name)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            self.client.log_artifacts(run_id, folder)
        return digests

    def _register(self, run_id: str, digests: dict[str, str]) -> Version:
        """The version of the result: the one there is, or one of this run."""
        tags: dict[str, Any] = {f"{DIGEST}{file}": value for file, value in digests.items()}
        with alone(self.client, self.name, lease_s=self.lease_s) as turn:
            if version := self._recorded():
                return version
            source = f"{self.client.get_run(run_id).info.artifact_uri}/{MODEL_FOLDER}"
            ensure_model(self.client, self.name)
            turn.require()
            created = self.client.create_model_version(
                self.name, source, run_id, tags={KEY: self.result.key, **self.result.tags, **tags}
            )
        return read_version(self.client, self.name, int(created.version))


def ensure_model(client: "MlflowClient", name: str) -> None:
    """Nothing, once there is a registered model `name`, with versions or without."""
    if not client.search_registered_models(f"name='{name}'"):
        client.create_registered_model(name)
