"""Registry and ledger: one verdict one entry, one winner a race, and interruptions that heal."""

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from contender.errors import LedgerError, RaceError
from contender.ledger import Kind, Ledger, champion_of, judged_on, verify
from contender.release.chronicle import enter, reconcile
from contender.release.gate.decision import Decision, Verdict
from contender.release.promote import digest_of, promote
from contender.tracking import BUNDLED, Registry, Version
from tests.servers import promoters, results
from tests.servers.decisions import HOLDOUT, make_decision
from tests.servers.entries import clone_of, make_origin, shared
from tests.servers.promoters import PRIZE, WHO
from tests.servers.registries import Place


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A bare repository that clones share."""
    return make_origin(tmp_path)


@pytest.fixture
def ledger(origin: Path) -> Ledger:
    """The ledger that it will hold."""
    return shared(clone_of(origin, "clone"))


@pytest.fixture
def registry(local_place: Place) -> Registry:
    """An empty registry."""
    return local_place.open()


@pytest.fixture
def first(registry: Registry, tmp_path: Path) -> Version:
    """A recorded model that nobody promoted."""
    return registry.log(results.make_result(tmp_path / "one", results.make_graph(0.1)))


def kinds(ledger: Ledger) -> list[str]:
    """What the ledger says happened."""
    return [entry.kind for entry in ledger.read().entries]


def bootstrap(model: str) -> Decision:
    """The decision that makes the first champion."""
    return make_decision(model, verdict=Verdict.BOOTSTRAP)


@pytest.mark.parametrize("verdict", [Verdict.HOLD, Verdict.REJECT, Verdict.PROMOTE])
def test_a_verdict_that_counts_is_entered_once(ledger: Ledger, verdict: Verdict) -> None:
    """With its evidence; alone it promotes nobody."""
    decision = make_decision("1" * 64, verdict=verdict, look=3)

    for _ in range(2):
        book = enter(ledger, decision, WHO, before=ledger.read(), prize=None)

    (entry,) = book.entries
    assert (entry.kind, entry.verdict, entry.look) == (Kind.VERDICT, verdict, 3)
    assert (entry.decision, entry.holdout) == (digest_of(decision), HOLDOUT)
    assert champion_of(book.entries) is None


@pytest.mark.parametrize(
    "change",
    [{"provisional": True}, {"verdict": Verdict.ERROR}, {"digests": None}, {"holdout": None}],
)
def test_what_spends_no_look_is_not_entered(ledger: Ledger, change: dict[str, object]) -> None:
    """A rehearsal, an error, and a decision about nothing."""
    decision = bootstrap("1" * 64).model_copy(update=change)

    enter(ledger, decision, WHO, before=ledger.read(), prize=PRIZE)

    assert not kinds(ledger)


def test_a_promotion_is_entered_with_its_verdict(ledger: Ledger) -> None:
    """In one step, and once; a verdict that was entered before is not entered again."""
    decision = bootstrap("1" * 64)
    enter(ledger, decision, WHO, before=ledger.read(), prize=None)

    for _ in range(2):
        book = enter(ledger, decision, WHO, before=ledger.read(), prize=PRIZE)

    champion = champion_of(book.entries)
    assert kinds(ledger) == [Kind.VERDICT, Kind.PROMOTE]
    assert champion and (champion.model, champion.bundle) == ("1" * 64, PRIZE.bundle)


def test_a_holdout_that_another_looked_at_meanwhile_promotes_nobody(ledger: Ledger) -> None:
    """The champion is the same, but the look was paid for with too little."""
    before = ledger.read()
    other = make_decision("2" * 64, verdict=Verdict.HOLD)
    enter(ledger, other, WHO, before=before, prize=None)

    with pytest.raises(RaceError, match=r"was taken by `222222222222` \(entry 1, by ada\)"):
        enter(ledger, bootstrap("1" * 64), WHO, before=before, prize=PRIZE)

    assert kinds(ledger) == [Kind.VERDICT, Kind.VERDICT]
    assert judged_on(ledger.read().entries, HOLDOUT) == ["2" * 64, "1" * 64]


def test_of_eight_promoters_at_once_one_wins(origin: Path) -> None:
    """Twice: without a champion, and against the one of the first race; the rest hear who won."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([promoters.__name__])
    clones = [clone_of(origin, f"clone{number}") for number in range(8)]
    for race in (1, 2):
        start = context.Barrier(len(clones))
        children = [
            context.Process(target=promoters.promote_at_once, args=(clone, 10 * race + at, start))
            for at, clone in enumerate(clones)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join(120)

        book = shared(clones[0]).read()
        winner = champion_of(book.entries)
        said = [json.loads((clone / "said.json").read_text("utf-8")) for clone in clones]
        losers = [text for text in said if text != "won"]
        assert winner and len(losers) == len(clones) - 1
        assert said.index("won") == int(winner.model, 16) - 10 * race
        named = f"the champion is `{winner.model[:12]}` (entry {winner.number}, by ada"
        assert all(text.startswith(named) for text in losers), losers
        assert len(book.entries) == race * (len(clones) + 1)
        assert verify(book.text) == book.entries


def test_registry_and_ledger_agree_on_nobody(ledger: Ledger, registry: Registry) -> None:
    """Before the first promotion there is nothing to repair."""
    assert reconcile(ledger, registry, WHO) == ""


def test_an_entry_whose_alias_was_not_moved_is_finished(
    ledger: Ledger, registry: Registry, first: Version
) -> None:
    """Killed between ledger and registry: the next run moves the alias, once."""
    enter(ledger, bootstrap(first.digest), WHO, before=ledger.read(), prize=PRIZE)

    assert "finished the promotion of entry 2" in reconcile(ledger, registry, WHO)

    champion = registry.champion()
    assert champion and champion.number == first.number
    assert champion.tags[BUNDLED] == PRIZE.bundle
    assert champion.tags["promoted_over"] == "none"
    assert reconcile(ledger, registry, WHO) == ""


def test_a_champion_that_the_ledger_lacks_is_written_down(
    ledger: Ledger, registry: Registry, first: Version
) -> None:
    """Promoted before there was a ledger: its first entry says so, once."""
    promote(registry, bootstrap(first.digest), first, expected=None)

    assert "wrote down the promotion of version 1" in reconcile(ledger, registry, WHO)

    (entry,) = ledger.read().entries
    assert (entry.kind, entry.model, entry.bundle) == (Kind.PROMOTE, first.digest, None)
    assert "was not in the ledger" in entry.reason
    assert reconcile(ledger, registry, WHO) == ""


def test_two_champions_are_told(ledger: Ledger, registry: Registry, first: Version) -> None:
    """A registry without the ledger's champion, and one with another."""
    enter(ledger, bootstrap("2" * 64), WHO, before=ledger.read(), prize=PRIZE)
    for expected in ("the registry `none`", f"the registry `{first.digest[:12]}`"):
        with pytest.raises(LedgerError, match="says that `222222222222` is the champion") as caught:
            reconcile(ledger, registry, WHO)
        assert expected in str(caught.value)
        registry.move_champion(first, expected=registry.champion())


def test_an_unreachable_ledger_repairs_nothing(
    ledger: Ledger, registry: Registry, first: Version
) -> None:
    """No answer is not an empty ledger."""
    promote(registry, bootstrap(first.digest), first, expected=None)
    lost = replace(ledger, remote="nowhere")

    with pytest.raises(LedgerError, match="cannot be reached"):
        reconcile(lost, registry, WHO)

    assert not kinds(ledger)


def test_looks_of_the_ledger_count_in_a_new_registry(registry: Registry, first: Version) -> None:
    """Models that this registry never saw took the first looks; importing twice counts once."""
    for _ in range(2):
        registry.import_looks({HOLDOUT: ["2" * 64, "3" * 64]})

    assert registry.judged(HOLDOUT) == ["2" * 64, "3" * 64]
    decision = make_decision(first.digest, verdict=Verdict.BOOTSTRAP, look=3)
    promote(registry, decision, first, expected=None)
    assert registry.judged(HOLDOUT) == ["2" * 64, "3" * 64, first.digest]


def test_fewer_looks_do_not_uncount_any(registry: Registry) -> None:
    """The ledger of this clone may know less than the shared one."""
    registry.import_looks({HOLDOUT: ["2" * 64, "3" * 64]})
    registry.import_looks({HOLDOUT: ["4" * 64]})
    registry.import_looks({})

    assert registry.judged(HOLDOUT) == ["2" * 64, "3" * 64, "4" * 64]
