"""A schema says what can be, or is refused with the place that cannot."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contender.errors import SchemaError
from contender.problem.schema import Schema, Task, category_text, load_schema
from tests import datasets


def columns(**more: dict[str, Any]) -> dict[str, Any]:
    """A small schema as YAML would give it, with columns changed or added."""
    base: dict[str, dict[str, Any]] = {
        "row": {"role": "id", "dtype": "string", "meaning": "number"},
        "kind": {
            "role": "target",
            "dtype": "string",
            "categories": ["b", "a"],
            "positive": "b",
            "meaning": "what it is",
        },
        "size": {"role": "feature", "dtype": "float", "meaning": "how large"},
    }
    for name, facts in more.items():
        base[name] = base.get(name, {"role": "feature", "dtype": "float", "meaning": name}) | facts
    return base


def schema(task: str = "binary", **more: dict[str, Any]) -> Schema:
    """The schema of `columns`."""
    content = {"dataset": "d", "row": "one", "task": task, "columns": columns(**more)}
    return Schema.model_validate(content)


@pytest.mark.parametrize("name", datasets.PROBLEMS)
def test_a_written_schema_reads_back(name: str, tmp_path: Path) -> None:
    """What is written as YAML is what is loaded, with columns in their order."""
    problem = datasets.PROBLEMS[name]()
    paths = problem.write(tmp_path / name)
    loaded = load_schema(paths.schema)
    assert loaded == problem.schema
    assert list(loaded.columns) == list(problem.columns)


def test_the_positive_class_is_last() -> None:
    """Classes keep the order of the schema, but the positive one comes last."""
    assert schema().classes == ("a", "b")
    several = {"categories": ["c", "a", "b"], "positive": None}
    assert schema("multiclass", kind=several).classes == ("c", "a", "b")
    number = {"dtype": "float", "categories": None, "positive": None}
    assert schema("regression", kind=number).classes == ()


def test_features_are_numbers_or_categories() -> None:
    """Every feature is one or the other; booleans are numbers."""
    made = schema(flag={"dtype": "boolean"}, name={"dtype": "string"})
    assert made.features == ("size", "flag", "name")
    assert made.numeric == ("size", "flag")
    assert made.categorical == ("name",)
    assert (made.task, made.id, made.target) == (Task.BINARY, "row", "kind")


@pytest.mark.parametrize(
    ("task", "change", "said"),
    [
        ("binary", {"row": {"role": "feature"}}, "0 columns have the role id"),
        ("binary", {"size": {"role": "id"}}, "2 columns have the role id"),
        ("binary", {"size": {"role": "target"}}, "2 columns have the role target"),
        ("binary", {"size": {"role": "ignored"}}, "no column has the role feature"),
        ("binary", {"kind": {"categories": ["a"]}}, "1 categories"),
        ("binary", {"kind": {"categories": None}}, "0 categories"),
        ("binary", {"kind": {"categories": ["a", "b", "c"]}}, "3 categories"),
        ("binary", {"kind": {"positive": None}}, "`positive`"),
        ("binary", {"kind": {"positive": "z"}}, "`positive`"),
        ("multiclass", {"kind": {"categories": ["a"], "positive": None}}, "1 categories"),
        ("regression", {}, "must be a float or an integer"),
        ("clustering", {}, "`task`"),
        ("binary", {"size": {"role": "hidden"}}, "role"),
        ("binary", {"size": {"dtype": "complex"}}, "dtype"),
        ("binary", {"size": {"dtype": "datetime"}}, "derive a number"),
        ("binary", {"size": {"slice": "report"}}, "neither categories nor edges"),
        ("binary", {"size": {"sensitive": True}}, "neither categories nor edges"),
        ("binary", {"size": {"edges": [2.0, 1.0]}}, "rising numbers"),
        ("binary", {"size": {"edges": [1.0, 1.0]}}, "rising numbers"),
        ("binary", {"size": {"edges": []}}, "rising numbers"),
        ("binary", {"size": {"edges": [float("nan")]}}, "finite"),
        ("binary", {"size": {"dtype": "string", "edges": [1.0]}}, "of a column of numbers"),
        ("binary", {"size": {"range": [2, 1]}}, "from 2 down to 1"),
        ("binary", {"size": {"range": [0, float("inf")]}}, "finite"),
        ("binary", {"size": {"dtype": "string", "categories": []}}, "one or more"),
        ("binary", {"size": {"dtype": "string", "categories": ["a", ""]}}, "none empty"),
        ("binary", {"size": {"dtype": "string", "categories": [1, "1"]}}, "same category twice"),
        ("binary", {"kind": {"categories": ["b", "b"]}}, "same category twice"),
        ("binary", {"kind": {"nullable": True}}, "may not be nullable"),
        ("binary", {"when": {"role": "time", "nullable": True}}, "may not be nullable"),
        (
            "binary",
            {"old": {"role": "ignored", "dtype": "boolean", "sensitive": True}},
            "an ignored column",
        ),
        ("binary", {"size": {"colour": "red"}}, "colour"),
        ("binary", {"size": {"meaning": None}}, "meaning"),
    ],
)
def test_what_cannot_be_is_refused(
    task: str, change: dict[str, dict[str, Any]], said: str, tmp_path: Path
) -> None:
    """Each contradiction is an error that says what contradicts."""
    path = tmp_path / "schema.yaml"
    content = {"dataset": "d", "row": "one", "task": task, "columns": columns(**change)}
    datasets.dump_yaml(path, content)
    with pytest.raises(SchemaError) as caught:
        load_schema(path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "content", [None, b"", b"columns: [", b"- a\n- b\n", b"\xff\xfe", b"task: binary\ntask: binary"]
)
def test_a_file_that_is_no_schema_is_named(content: bytes | None, tmp_path: Path) -> None:
    """Missing, empty, not YAML, not UTF-8, a key given twice: an error that names the file."""
    path = tmp_path / "schema.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SchemaError, match=r"schema\.yaml"):
        load_schema(path)


@given(st.integers(-(10**15), 10**15))
@settings(deadline=None)
def test_whole_numbers_have_one_text(number: int) -> None:
    """An integer, the float equal to it and its text are the same category."""
    assert category_text(number) == category_text(float(number)) == category_text(str(number))


@given(st.booleans())
@settings(deadline=None)
def test_booleans_are_zero_and_one(truth: bool) -> None:
    """A boolean is the category that the typed table has for it."""
    assert category_text(truth) == str(int(truth))
