"""What child processes do in the test of racing promotions."""

import json
from pathlib import Path
from typing import Any

from contender.errors import RaceError
from contender.ledger import Circumstances, Protection, champion_of
from contender.release.chronicle import Prize, enter
from contender.release.gate.decision import Verdict
from tests.servers.decisions import make_decision
from tests.servers.entries import shared

WHO = Circumstances(actor="ada", commit=None, run_url=None, protection=Protection.UNKNOWN)
PRIZE = Prize(bundle="b" * 64, anchor=None)


def promote_at_once(clone: Path, model: int, start: Any) -> None:
    """Enter a promotion judged against the champion there is when everybody is ready."""
    ledger = shared(clone)
    before = ledger.read()
    champion = champion_of(before.entries)
    decision = make_decision(
        f"{model:064x}",
        champion=champion.model if champion else None,
        verdict=Verdict.PROMOTE if champion else Verdict.BOOTSTRAP,
    )
    start.wait(60)
    said = "won"
    try:
        enter(ledger, decision, WHO, before=before, prize=PRIZE)
    except RaceError as error:
        said = str(error)
    (clone / "said.json").write_text(json.dumps(said), encoding="utf-8")
