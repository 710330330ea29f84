"""Metrics and what else is about the problem itself."""
