"""The registry: every result once, every champion by name. The only door to MLflow.

Importing this costs nothing: MLflow is imported when a registry is opened.
"""

from contender.tracking.connection import open_registry
from contender.tracking.registry import BUNDLED, PROMOTED, Registry, position
from contender.tracking.values import BUNDLE, Judgement, Result, Version

__all__ = [
    "BUNDLE",
    "BUNDLED",
    "PROMOTED",
    "Judgement",
    "Registry",
    "Result",
    "Version",
    "open_registry",
    "position",
]
