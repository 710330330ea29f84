"""Where a model comes from, as text: what its data was checked for, and its lineage."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contender.reporting import figures
from contender.reporting.material import Expectation, Manifest, Material, Split, Validation


@dataclass(frozen=True)
class Origin:
    """One thing a model rests on, and the SHA-256 that pins it, if any does."""

    name: str
    value: str
    digest: str | None = None


def describe_validation(data: Validation) -> str:
    """What was checked and found, in one sentence; nothing checked never sounds like a pass."""
    rows = figures.count(data.rows)
    if not data.results or not data.rows:
        return f"Nothing was checked: {len(data.results)} expectations, {rows} rows."
    warned = sum(not item.success and item.severity != "critical" for item in data.results)
    found = f"{figures.counted(len(data.results), 'expectation')} on {rows} rows"
    ended = (
        "all that are critical hold"
        if data.success
        else f"the data is not valid: {data.failed} failed"
    )
    return f"{found}: {ended}; {figures.counted(warned, 'warning')}."


def noteworthy(data: Validation) -> list[Expectation]:
    """The expectations that do not hold, the critical ones first."""
    failed = [item for item in data.results if not item.success]
    return sorted(failed, key=lambda item: item.severity != "critical")


def expectation_name(item: Expectation) -> str:
    """An expectation in words."""
    return item.type.removeprefix("expect_").replace("_", " ")


def settings(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each parameter by its dotted name, and its value as text."""
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from settings(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", figures.plain(value)


def describe_split(split: Split) -> str:
    """Which rows were held out, in one sentence."""
    rule = split.rule
    parts = {
        "id": "by a hash of the id",
        "group": "by a hash of the group, which stays together",
        "time": f"the newest, after {rule.cutoff}",
    }
    how = parts.get(rule.method, rule.method)
    share = "" if rule.holdout is None else f", {figures.percent(rule.holdout, 1)} of rows"
    return f"{how}{share}"


def trace(material: Material) -> list[Origin]:
    """Everything the decision and the model rest on, from the data to the gate."""
    manifest = material.results.manifest
    found = [] if manifest is None else list(_trace_model(manifest))
    digests = material.decision.digests
    if digests is None:
        return [*found, Origin("Gate", "ended before any digest was taken")]
    judged = {
        "Judged holdout": digests.holdout,
        "Judged challenger": digests.challenger,
        "Champion": digests.champion,
        "Gate code": digests.gate_code,
        "Gate parameters": digests.gate_parameters,
    }
    return found + [Origin(name, "" if sha else "none", sha) for name, sha in judged.items()]


def _trace_model(manifest: Manifest) -> Iterator[Origin]:
    data, split, model = manifest.data, manifest.split, manifest.model
    yield Origin("Source", f"{data.source}, {figures.count(data.rows)} rows", data.sha256)
    yield Origin("Schema", "data/schema.yaml", manifest.table_schema.sha256)
    yield Origin("Split", describe_split(split))
    yield Origin("Training rows", figures.count(split.train_rows), split.train_sha256)
    yield Origin("Holdout", f"{figures.count(split.holdout_rows)} rows", split.holdout_sha256)
    yield Origin("Model", f"{model.file}, {figures.size(model.bytes)}", model.sha256)
    parity = manifest.parity
    agree = f"within {parity.max_difference:.0e} on {figures.count(parity.rows)} rows"
    yield Origin("ONNX and estimator", agree)
    named = sorted(manifest.libraries.items())
    yield Origin("Libraries", ", ".join(f"{name} {version}" for name, version in named))
