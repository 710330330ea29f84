"""What ships: one immutable folder, named by its digest, with the rows that prove it works."""

from contender.bundle.archive import archive_name, pack, unpack
from contender.bundle.folder import GOLDEN, MANIFEST, MODEL, PARTS, SUMS, Bundle, open_bundle, point
from contender.bundle.golden import Golden, Record, prove, to_columns
from contender.bundle.writing import write_bundle

__all__ = [
    "GOLDEN",
    "MANIFEST",
    "MODEL",
    "PARTS",
    "SUMS",
    "Bundle",
    "Golden",
    "Record",
    "archive_name",
    "open_bundle",
    "pack",
    "point",
    "prove",
    "to_columns",
    "unpack",
    "write_bundle",
]
