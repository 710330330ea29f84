"""data/README.md has a row for each column, whatever is in its texts."""

from contender.problem.dictionary import render_dictionary
from tests import datasets
from tests.problem.test_schema import schema


def test_every_column_is_a_row_of_six_cells() -> None:
    """In the order of the schema, with role, type, values, null and meaning."""
    made = datasets.boxes(50).schema
    rows = [line for line in render_dictionary(made).splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(made.columns)
    assert all(row.count(" | ") == 5 for row in rows)
    weight = next(row for row in rows if "`weight`" in row)
    assert "0 to 200" in weight
    assert "(kg)" in weight
    assert "| yes |" in weight
    region = next(row for row in rows if "`region`" in row)
    assert "feature, sensitive, critical slice" in region
    assert "`north`, `south`" in region


def test_open_ranges_say_which_side() -> None:
    """A range may be open above, below or not be there."""
    made = schema(size={"range": [1, None]}, b={"range": [None, 2]}, c={}, d={"range": [0, 1]})
    text = render_dictionary(made)
    for said in ("| from 1 |", "| up to 2 |", "| any |", "| 0 to 1 |"):
        assert said in text


def test_a_bar_in_a_text_breaks_no_table() -> None:
    """Signs that mean something in Markdown are escaped, line ends become spaces."""
    made = schema(size={"meaning": "a | b\nc", "unit": "m|s"})
    (row,) = [line for line in render_dictionary(made).splitlines() if "`size`" in line]
    assert row.endswith("| a \\| b c (m\\|s) |")


def test_the_file_says_what_it_is_made_from() -> None:
    """The first line names source and command."""
    first = render_dictionary(schema()).splitlines()[0]
    assert "make expectations" in first
    assert "data/schema.yaml" in first
