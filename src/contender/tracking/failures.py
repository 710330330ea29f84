"""Whatever a backend raises becomes one error that says what could not be done."""

import contextlib
import re
import warnings
from collections.abc import Iterator
from typing import Final

from contender.errors import ContenderError, RegistryError

_SECRET: Final = re.compile(r"//[^/@\s]*@")


@contextlib.contextmanager
def asking(address: str, what: str) -> Iterator[None]:
    """Run the block, in which the registry at `address` is asked to do `what`.

    Raises:
        RegistryError: MLflow, its database or its file store refused or did not answer.
    """
    try:
        # MLflow and its libraries warn of themselves, of nothing that whoever asks could change.
        with warnings.catch_warnings(action="ignore"):
            yield
    except ContenderError:
        raise
    except Exception as error:  # MLflow, SQLAlchemy, requests and boto each raise their own
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise RegistryError(
            hide_password(f"the registry at `{address}` could not {what}: {reason}"),
            hint="check MLFLOW_TRACKING_URI, the credentials and that the server is up; "
            "unset it to work with the local `mlflow.db`",
        ) from error


def hide_password(text: str) -> str:
    """`text` with user and password cut out of every address in it."""
    return _SECRET.sub("//", text)
