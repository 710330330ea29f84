"""The count of mutants of the gate: what it draws, and what it takes for an answer."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.mutants import MutationError, count_by_module, draw, judge
from benchmarks.mutants_page import page
from tests.datasets import ROOT

NAMES = [f"project.gate.rules.x_decide__mutmut_{number}" for number in range(1, 101)]
RESULTS = ROOT / "benchmarks/results/mutation.json"
PAGE = ROOT / "docs/concepts/gate-mutants.md"


def fake(codes: Mapping[str, int | None], *, ends_with: int = 0) -> list[str]:
    """A program that leaves such exit codes of tests behind, in the place and form of mutmut."""
    content = json.dumps({"exit_code_by_key": codes})
    script = f"""
import pathlib, sys
place = pathlib.Path("mutants/src/rules.py.meta")
place.parent.mkdir(parents=True)
place.write_text({content!r})
sys.exit({ends_with})
"""
    return [sys.executable, "-c", script]


def test_a_seed_draws_the_same_mutants_in_their_order() -> None:
    """Another seed draws others; nothing is drawn twice."""
    drawn = draw(NAMES, 20, seed=1)

    assert drawn == draw(NAMES, 20, seed=1) != draw(NAMES, 20, seed=2)
    assert len(set(drawn)) == 20
    assert drawn == [name for name in NAMES if name in drawn]


@pytest.mark.parametrize("size", [None, 100, 101])
def test_all_are_drawn_when_there_are_no_more(size: int | None) -> None:
    """Or when all are asked for."""
    assert draw(NAMES, size, seed=1) == NAMES


@pytest.mark.parametrize(("names", "size"), [([], 20), ([], None), (NAMES, 0), (NAMES, -1)])
def test_nothing_to_judge_is_an_error(names: list[str], size: int | None) -> None:
    """No mutant found, none wanted: none would survive."""
    with pytest.raises(MutationError, match="expected at least one"):
        draw(names, size, seed=1)


def test_each_outcome_is_counted_for_what_it_is(tmp_path: Path) -> None:
    """A test that fails, tests without an end, tests that pass, no test; in the order asked for."""
    names = [f"gate.{part}__mutmut_1" for part in ("a.x_f", "a.xǁGapǁlower", "b.x__g", "b.x_h")]
    codes = dict(zip(names, (1, 36, 0, 33), strict=True)) | {"gate.c.x_i__mutmut_1": None}

    judged = judge(tmp_path, names, jobs=1, command=fake(codes))

    assert [it.outcome for it in judged] == ["killed", "timeout", "survived", "unreached"]
    assert [it.noticed for it in judged] == [True, True, False, False]
    assert [it.function for it in judged] == ["f", "Gap.lower", "_g", "h"]
    assert count_by_module(judged) == {
        "a": Counter(killed=1, timeout=1),
        "b": Counter(survived=1, unreached=1),
    }


def test_tests_that_fail_without_a_mutant_notice_nothing(tmp_path: Path) -> None:
    """mutmut ends with 1 then, whatever it left behind: an error, and not 100 % killed."""
    command = fake(dict.fromkeys(NAMES, 1), ends_with=1)

    with pytest.raises(MutationError, match="ended with `1`"):
        judge(tmp_path, NAMES, jobs=1, command=command)


@pytest.mark.parametrize("code", [None, 2, 4, -11, 255])
def test_a_mutant_without_a_clear_answer_is_an_error(tmp_path: Path, code: int | None) -> None:
    """Not run, interrupted, crashed: neither killed nor alive."""
    command = fake(dict.fromkeys(NAMES, 1) | {NAMES[3]: code})

    with pytest.raises(MutationError, match="1 of 100 have no clear answer"):
        judge(tmp_path, NAMES, jobs=1, command=command)


@pytest.mark.parametrize("names", [NAMES, []])
def test_a_run_that_leaves_nothing_behind_is_an_error(tmp_path: Path, names: list[str]) -> None:
    """All that was asked for is missing, or nothing was asked for."""
    with pytest.raises(MutationError, match="no clear answer"):
        judge(tmp_path, names, jobs=1, command=[sys.executable, "-c", ""])


def test_the_page_in_git_is_made_of_the_results_in_git() -> None:
    """And these name mutants enough, keep the bar, and give a reason for every survivor."""
    content = json.loads(RESULTS.read_text(encoding="utf-8"))
    share, survivors = content["share"], content["survivors"]

    assert PAGE.read_text(encoding="utf-8") == page(content)
    assert share["judged"] >= 200
    assert share["judged"] - share["noticed"] == len(survivors)
    assert share["rate"] == pytest.approx(share["noticed"] / share["judged"], abs=1e-5)
    assert share["rate"] >= share["least"] >= 0.85
    assert all(one["reason"] for one in survivors)


def test_the_page_shows_code_that_a_table_could_not_hold() -> None:
    """A `|` would end the cell, and what a change removes has nothing after it."""
    survivor = {"module": "rates", "function": "f", "before": "a | b", "after": "", "reason": "no"}
    share = {"judged": 1, "noticed": 0, "rate": 0.0, "low": 0.0, "high": 0.8, "least": 0.85}
    modules = {"rates": {"survived": 1}}

    text = page(
        {"mutants": 1, "seed": 1, "share": share, "modules": modules, "survivors": [survivor]}
    )

    assert r"| `rates` `f` | `a \| b` | nothing | no |" in text
    assert "| all | 1 | 0 | 0 | 1 | 0 |" in text
