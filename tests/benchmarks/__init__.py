"""Tests of what benchmarks leave behind in git."""
