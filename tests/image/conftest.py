"""Prints what was measured of the image."""

import pytest

MEASURED = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    for line in terminalreporter.config.stash.get(MEASURED, []):
        terminalreporter.write_line(line)
