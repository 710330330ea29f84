"""A champion from another machine takes its place in this one's registry."""

import json
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from contender.bundle import MODEL, Bundle
from contender.errors import IntegrityError
from contender.ledger import Sealed
from contender.params import describe
from contender.release.record import (
    FullManifest,
    chosen_params,
    example_row,
    make_tags,
    require_metrics,
)
from contender.tracking import BUNDLE, BUNDLED, ORDER, PROMOTED, TERMS, Registry, Result, Version

OVER: Final = "promoted_over"


def install(registry: Registry, bundle: Bundle, entry: Sealed | None) -> Version:
    """The version of the model in `bundle`, now the champion; the same again changes nothing.

    `entry` is what the ledger says of its promotion; None when it was brought by hand.

    Raises:
        IntegrityError: the bundle holds no result that could have been recorded, or not the model
            that the entry names.
        RaceError: somebody else moved the champion meanwhile.
    """
    model = bundle.sums[MODEL]
    if entry and entry.model != model:
        raise IntegrityError(
            f"the bundle `{bundle.digest[:12]}` holds the model `{model[:12]}`; expected "
            f"`{entry.model[:12]}`, which entry {entry.number} of the ledger says it holds.",
            hint="the entry was not written by `contender promote`: look who wrote it",
        )
    champion, version = registry.champion(), keep(registry, bundle)
    if champion is None or champion.digest != model:
        version = registry.move_champion(version, expected=champion)
    else:
        version = registry.tag(champion, {BUNDLED: bundle.digest})
    return registry.tag(version, tags_of(entry)) if entry else version


def keep(registry: Registry, bundle: Bundle) -> Version:
    """The version of the model in `bundle`, on record as one that was promoted.

    With it the gate's `refresh` mode measures against the best model ever, wherever that was
    promoted; it raises what `install` raises.
    """
    version = registry.find(bundle.sums[MODEL]) or registry.add(to_result(bundle))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    terms = json.loads(bundle.read("decision.json")).get("terms", {})
    facts = {OVER: "unknown", PROMOTED: now, BUNDLED: bundle.digest}
    facts |= {TERMS: json.dumps(terms, sort_keys=True), ORDER: "1"}
    return registry.tag(version, {k: v for k, v in facts.items() if k not in version.tags})


def tags_of(entry: Sealed) -> dict[str, str]:
    """What the registry says of a promotion, as the ledger tells it."""
    told = {OVER: entry.champion or "none", PROMOTED: entry.time, BUNDLED: entry.bundle}
    return {name: value for name, value in told.items() if value}


def to_result(bundle: Bundle) -> Result:
    """The result in `bundle`, as `record` would have logged it.

    Raises:
        IntegrityError: an entry of its manifest is missing, or a metric is not a finite number.
    """
    try:
        manifest = FullManifest.model_validate(bundle.manifest())
    except ValidationError as error:
        raise IntegrityError(
            f"the manifest of the bundle `{bundle.digest[:12]}` cannot be used:\n{describe(error)}",
            hint="it was made by another version of this project: promote again with this one",
        ) from error
    name = manifest.estimator.name
    settings = {"split": manifest.split.rule.model_dump(), "train": manifest.params.train}
    return Result(
        name=f"{name}-{manifest.model.sha256[:8]}",
        digest=manifest.model.sha256,
        holdout=manifest.split.holdout_sha256,
        params=chosen_params(settings | {"evaluate": {}}, name),
        metrics=require_metrics(json.loads(bundle.read("metrics.json")), "metrics.json"),
        tags=make_tags(manifest, None),
        bundle={file: bundle.folder / file for file in BUNDLE},
        reports={
            f"reports/{file}": bundle.folder / file for file in ("decision.json", "MODEL_CARD.md")
        },
        example=example_row(manifest.table_schema.content),
    )
