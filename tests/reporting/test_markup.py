"""Texts from outside stay texts in Markdown."""

from hypothesis import given
from hypothesis import strategies as st

from contender.reporting.markup import bullets, code, escape, fold, table

NASTY = st.text(alphabet="|`*_<>[]&~\\\n\r ab", max_size=30)


@given(NASTY, NASTY)
def test_no_text_can_leave_its_cell(first: str, second: str) -> None:
    """A row has as many unescaped bars as it has borders, and is one line."""

    row = table(["a", "b"], [[escape(first), code(second)]]).split("\n", 2)[2]

    assert "\n" not in row and "\r" not in row
    assert row.replace("\\\\", "").replace("\\|", "").count("|") == 3


@given(NASTY)
def test_no_text_becomes_a_tag(text: str) -> None:
    """Brackets of tags are always entities."""

    assert "<" not in escape(text) and ">" not in escape(text)


@given(NASTY)
def test_no_text_can_end_its_code(text: str) -> None:
    """Code has exactly its own two backticks; any other is escaped."""

    shown = code(text)

    assert shown.replace("\\\\", "").replace("\\`", "").count("`") in (0, 2)
    assert shown.startswith("`") == shown.endswith("`") or shown.endswith("\\`")


def test_words_with_underscores_stay_as_they_are() -> None:
    """Only underscores that could mean emphasis are escaped."""

    assert escape("roc_auc _x_") == "roc_auc \\_x\\_"


def test_parts_are_laid_out_as_github_reads_them() -> None:
    """A table, a list, and a fold with blank lines around its body."""

    assert table(["n", "v"], [["a", "1"]], right=(1,)) == "| n | v |\n| --- | ---: |\n| a | 1 |"
    assert bullets(["a", "b"]) == "- a\n- b"
    assert fold("t", "b", opened=True) == ("<details open><summary>t</summary>\n\nb\n\n</details>")
