"""The ledger: every verdict that counted and every model that served, one chained line each."""

from contender.ledger.branch import Book, Ledger, open_ledger
from contender.ledger.chain import Head, append, head_of, parse, verify
from contender.ledger.circumstances import Circumstances, find_circumstances
from contender.ledger.entries import Entry, Kind, Protection, Sealed
from contender.ledger.standing import Reign, champion_of, judged_on, looks_of, reigns_of

__all__ = [
    "Book",
    "Circumstances",
    "Entry",
    "Head",
    "Kind",
    "Ledger",
    "Protection",
    "Reign",
    "Sealed",
    "append",
    "champion_of",
    "find_circumstances",
    "head_of",
    "judged_on",
    "looks_of",
    "open_ledger",
    "parse",
    "reigns_of",
    "verify",
]
