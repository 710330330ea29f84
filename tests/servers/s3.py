"""An object store that speaks S3, in memory."""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import free_port, is_listening, running


@dataclass(frozen=True)
class ObjectStore:
    """A running server; any keys are good."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What boto and MLflow need to know to find it."""
        return {
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
            "MLFLOW_S3_ENDPOINT_URL": self.url,
        }

    def create_bucket(self, name: str) -> str:
        """The address of the new bucket."""
        import boto3

        boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id="any",
            aws_secret_access_key="any",
            region_name="us-east-1",
        ).create_bucket(Bucket=name)
        return f"s3://{name}"


@contextlib.contextmanager
def running_object_store(folder: Path) -> Iterator[ObjectStore]:
    """A server whose log is in `folder`."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, ready=lambda: is_listening(port), log=folder / f"s3-{os.getpid()}.log"):
        yield ObjectStore(f"http://127.0.0.1:{port}")
