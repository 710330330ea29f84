"""The shell around the gate: run the models, gather the evidence, decide, write the decision."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from contender import files
from contender.errors import ContenderError, MissingError, RegistryError
from contender.params import Params
from contender.paths import Paths
from contender.problem.schema import Schema
from contender.release.exhibits import check_fit, read_exhibits
from contender.release.gate.decide import Occasion, decide, refuse
from contender.release.gate.decision import Check, Decision, Outcome, Term
from contender.release.gate.preconditions import check_seals
from contender.release.gate.terms import terms_of
from contender.release.gather import gather

SCHEMA_COMMAND: Final = "python -m contender gate --schema"


def judge(  # pylint: disable=too-many-arguments  # each a fact that only the caller has
    params: Params,
    schema: Schema,
    paths: Paths,
    *,
    champion: Path | None,
    anchor: Path | None,
    look: int,
    terms_before: Mapping[str, Term] | None = None,
    provisional: bool,
    as_of: date,
) -> Decision:
    """The decision on the challenger in `paths.models`, also written to `paths.decision`.

    `champion` and `anchor` are folders with a model and its manifest; None when nothing was
    promoted yet. `look` counts the challengers judged on this holdout, this one included, and
    `terms_before` are the parameters that the model before was judged by. Whatever cannot be
    trusted becomes the verdict ERROR.

    Raises:
        MissingError: a file that an earlier step makes is not there: that is no verdict.
        RegistryError: the registry was lost on the way.
    """
    terms = terms_of(params.gate, params.evaluate)
    occasion = Occasion(schema.task, provisional, as_of, terms=terms)
    try:
        exhibits = read_exhibits(params, schema, paths, champion=champion, anchor=anchor)
        occasion = replace(occasion, digests=exhibits.digests)
        if broken := (*check_seals(exhibits.seals), *check_fit(exhibits, schema)):
            decision = refuse(broken, occasion, params.gate)
        else:
            evidence = gather(exhibits, schema, paths, look=look, occasion=occasion)
            evidence = replace(evidence, terms_before=terms_before)
            decision = decide(evidence, params.gate, params.evaluate)
    except (MissingError, RegistryError):
        raise
    except ContenderError as error:
        decision = refuse([_as_check(error)], occasion, params.gate)
    files.write_json(paths.decision, decision.model_dump(mode="json"))
    return decision


def _as_check(error: ContenderError) -> Check:
    """The error as an answer: its class is the code, `PredictionError` a `prediction-error`."""
    return Check(
        family="precondition",
        subject="evidence",
        outcome=Outcome.ERROR,
        code=re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower(),
        message=str(error.args[0]),
    )


def render_schema() -> str:
    """The JSON schema of decision.json, as docs/reference/decision.schema.json holds it."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"generated from release/gate/decision.py by `{SCHEMA_COMMAND}`",
    }
    return files.to_json(schema | Decision.model_json_schema(mode="serialization"))
