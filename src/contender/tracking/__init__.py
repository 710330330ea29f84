"""The registry: every result once, every champion by name. The only door to MLflow.

Importing this costs nothing: MLflow is imported when a registry is opened.
"""

from contender.tracking.connection import open_registry
from contender.tracking.judgements import ORDER, PROMOTED, TERMS, position
from contender.tracking.registry import BUNDLED, Registry
from contender.tracking.values import BUNDLE, Judgement, Result, Version

__all__ = [
    "BUNDLE",
    "BUNDLED",
    "ORDER",
    "PROMOTED",
    "TERMS",
    "Judgement",
    "Registry",
    "Result",
    "Version",
    "open_registry",
    "position",
]
