"""What a pull request sees: green, or red with the reason."""

from pathlib import Path

from tests.workflows.runs import Fork


def test_a_sound_pull_request_is_green(fork: Fork) -> None:
    """Every job does its work, and the report is in the summary and in one comment."""
    fork.commit(
        "Say more", lambda root: (root / "src/contender/__init__.py").write_text('"""."""\n')
    )

    run = fork.pull_request()

    assert run.code == 0, run.said[-5000:]
    assert set(run.jobs.values()) == {"success"}
    assert "BOOTSTRAP" in run.summary
