"""Which release of the code is at work."""

from importlib import metadata
from typing import Final


def _find_version() -> str:
    try:
        return metadata.version("contender")
    except metadata.PackageNotFoundError:
        return "0.0.0"  # run from its source, as in an image: the commit says more


VERSION: Final = _find_version()
