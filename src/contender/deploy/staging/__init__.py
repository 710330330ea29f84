"""Tests of a running server before it gets any traffic: a process here, a container elsewhere."""

from contender.deploy.staging.hosting import hosting
from contender.deploy.staging.report import Finding, Report, run_checks

__all__ = ["Finding", "Report", "hosting", "run_checks"]
