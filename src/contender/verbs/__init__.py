"""Every verb of the command line, in the order in which a model meets them."""

from typing import Final

from contender.verbs import (
    adoption,
    pipeline,
    release,
    rollout,
    serving,
    workflow,
    workspace,
)
from contender.verbs.command import Command
from contender.verbs.pipeline import STAGES

COMMANDS: Final = (
    STAGES
    | adoption.VERBS
    | pipeline.VERBS
    | release.VERBS
    | serving.VERBS
    | rollout.VERBS
    | workspace.VERBS
    | workflow.VERBS
)

__all__ = ["COMMANDS", "STAGES", "Command"]
