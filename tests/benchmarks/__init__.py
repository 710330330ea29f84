"""Tests of what measures: not of its figures, but that it would see what it should."""
