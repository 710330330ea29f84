"""Stage 2: the typed table against its expectations; nothing checked is not "valid"."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from contender import files
from contender.errors import IntegrityError, ValidationError
from contender.params import Params
from contender.paths import Paths
from contender.problem.expectations import COMMAND
from contender.problem.schema import Schema, load_schema

NO_CLOCK: Final = datetime(2000, 1, 1, tzinfo=UTC)  # a stage gives the same output on any day


def run(params: Params, paths: Paths) -> str:
    """Write the result and GX's Data Docs; what was done in one sentence.

    Raises:
        ValidationError: a critical expectation fails or cannot be evaluated, or nothing would be
            checked. The result is written all the same, to be looked at.
    """
    schema = load_schema(paths.schema)
    suite = files.read_json(paths.expectations, made_by=COMMAND, keys=("name", "expectations"))
    files.read_bytes(paths.table, made_by="dvc repro ingest")
    paths.validation.unlink(missing_ok=True)  # what it says is of another table
    digest = files.sha256(paths.table)
    table = read_table(paths.table)
    require_substance(table, schema, suite, min_rows=params.validate_.min_rows)
    with files.replacing_folder(paths.data_docs) as docs:
        results = check_table(table.to_pandas(), suite, docs)
    result = summarize(results, suite) | {"rows": table.num_rows, "table_sha256": digest}
    files.write_json(paths.validation, result)
    require_success(result)
    warned = sum(not item["success"] for item in result["results"])
    return f"{result['expectations']} expectations on {table.num_rows:,} rows, {warned} warnings"


def read_table(path: Path) -> pa.Table:
    """The typed table.

    Raises:
        IntegrityError: the file is not Parquet: truncated, or restored from a damaged cache.
    """
    try:
        return pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise IntegrityError(
            f"`{path}` cannot be read: {error}; expected what ingest wrote.",
            hint=f"`{files.remake(path, made_by='dvc repro ingest')}`",
        ) from error


def require_substance(
    table: pa.Table, schema: Schema, suite: dict[str, Any], *, min_rows: int
) -> None:
    """Nothing, once there is something to check and something to check it with.

    Raises:
        ValidationError: too few rows, a column that is all null, an empty suite, or a column that
            no expectation looks at.
    """
    rules = suite["expectations"]
    if not isinstance(rules, list) or not all(map(_is_rule, rules)):
        _refuse("data/expectations.json is no list of rules with a type and kwargs each")
    looked_at = {rule["kwargs"].get("column") for rule in rules}
    kept = [name for name, column in schema.columns.items() if column.role != "ignored"]
    unchecked = [name for name in kept if name not in looked_at]
    empty = [name for name in table.column_names if table[name].null_count == table.num_rows]
    if table.num_rows < min_rows:
        _refuse(f"the table has {table.num_rows} rows; expected at least {min_rows}")
    if empty:
        _refuse(f"all values of `{', '.join(empty)}` are missing; expected some")
    if not rules:
        _refuse("data/expectations.json holds no expectation; expected some for every column")
    if unchecked:
        _refuse(f"no expectation looks at `{', '.join(unchecked)}`; expected at least one each")


def check_table(frame: Any, suite: dict[str, Any], docs: Path) -> list[Any]:
    """The result of each expectation, in the order of `suite`; Data Docs as HTML below `docs`."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx
    from great_expectations.checkpoint.actions import UpdateDataDocsAction
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_pandas("table")
        .add_dataframe_asset("table")
        .add_batch_definition_whole_dataframe("all rows")
    )
    expectations = gx.ExpectationSuite(
        name=suite["name"], expectations=[_expectation(rule) for rule in suite["expectations"]]
    )
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=suite["name"], data=batch, suite=context.suites.add(expectations)
        )
    )
    context.add_data_docs_site("local", _site(docs))
    checkpoint = gx.Checkpoint(
        name=suite["name"],
        validation_definitions=[definition],
        actions=[UpdateDataDocsAction(name="docs", site_names=["local"])],
        result_format="SUMMARY",
    )
    run_id = RunIdentifier(run_name="validate", run_time=NO_CLOCK)
    outcome = checkpoint.run(batch_parameters={"dataframe": frame}, run_id=run_id)
    _steady(docs)
    return [item.to_json_dict() for item in next(iter(outcome.run_results.values())).results]


def summarize(results: list[dict[str, Any]], suite: dict[str, Any]) -> dict[str, Any]:
    """What reports/validation.json holds: each expectation with what was seen.

    An expectation that raised counts as failed, whatever its severity.
    """
    items = [_summarize_one(item) for item in results]
    failed = [item for item in items if not item["success"] and item["severity"] == "critical"]
    complete = len(items) == len(suite["expectations"]) > 0
    return {
        "success": complete and not failed,
        "expectations": len(items),
        "failed": len(failed),
        "results": items,
    }


def require_success(result: dict[str, Any]) -> None:
    """Nothing, once the data is valid.

    Raises:
        ValidationError: an expectation failed; names each with what was seen.
    """
    if result["success"]:
        return
    failed = [
        item for item in result["results"] if not item["success"] and item["severity"] == "critical"
    ]
    lines = "".join(
        f"\n  `{item['column'] or 'table'}`: {item['type']}, seen {item['observed']}"
        for item in failed
    )
    if not failed:
        _refuse(
            f"only {result['expectations']} expectations were checked; expected the whole suite"
        )
    _refuse(f"{len(failed)} of {result['expectations']} expectations failed; expected none:{lines}")


def _summarize_one(item: dict[str, Any]) -> dict[str, Any]:
    rule, seen = item["expectation_config"], item.get("result") or {}
    raised = _raised(item.get("exception_info") or {})
    return {
        "type": rule["type"],
        "column": rule["kwargs"].get("column"),
        "success": bool(item["success"]) and not raised,
        "severity": "critical" if raised else rule.get("severity", "critical"),
        "observed": "an exception while checking" if raised else _observed(seen),
        "unexpected": seen.get("unexpected_count"),
        "examples": [str(value) for value in seen.get("partial_unexpected_list", [])[:3]],
    }


def _is_rule(rule: Any) -> bool:
    return isinstance(rule, dict) and "type" in rule and isinstance(rule.get("kwargs"), dict)


def _expectation(rule: dict[str, Any]) -> Any:
    """The expectation that `rule` configures; a suite would drop one it cannot read, and go on."""
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        return ExpectationConfiguration(**rule).to_domain_obj()
    except Exception as error:  # of whatever kind its model raises
        reason = " ".join(str(error).split())
        raise ValidationError(
            f"the expectation `{rule['type']}` of `{rule['kwargs']}` cannot be read: {reason}.",
            hint=f"run `{COMMAND}`; suites are not edited by hand",
        ) from error


def _raised(info: dict[str, Any]) -> bool:
    """True when checking failed: GX says so at the top, or below the name of each metric."""
    nested = (item for item in info.values() if isinstance(item, dict))
    return bool(info.get("raised_exception")) or any(map(_raised, nested))


def _observed(seen: dict[str, Any]) -> str | None:
    if seen.get("unexpected_count"):
        examples = ", ".join(str(value) for value in seen["partial_unexpected_list"][:3])
        return f"{seen['unexpected_count']} unexpected ({examples})"
    value = seen.get("observed_value")
    return f"{value:.4g}" if isinstance(value, float) else None if value is None else str(value)


def _steady(docs: Path) -> None:
    """Take clock, random ids and tracking pictures out of the pages: same data, same bytes."""
    for page in docs.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        ids: dict[str, str] = {}
        for found in re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
            ids.setdefault(found, f"id-{len(ids)}")
        for found, steady in ids.items():
            text = text.replace(found, steady)
        text = re.sub(r"\d{8}T\d{6}\.\d{6}Z", "20000101T000000.000000Z", text)
        text = re.sub(r"https://great-expectations-web-assets[^\"')]*", "", text)
        page.write_text(text, encoding="utf-8")


def _site(docs: Path) -> Any:
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.absolute())}
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": store,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def _refuse(what: str) -> None:
    raise ValidationError(
        f"{what}.",
        hint="look at reports/data_docs/index.html; mend the data, or, when the change is meant, "
        f"data/schema.yaml and `{COMMAND}`",
    )
