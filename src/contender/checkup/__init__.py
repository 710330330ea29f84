"""What is set up in a clone and on GitHub, and what is missing: one finding each, never a guess."""

from contender.checkup.findings import Finding, State
from contender.checkup.hosted import find_hosted
from contender.checkup.local import find_local

__all__ = ["Finding", "State", "find_hosted", "find_local"]
