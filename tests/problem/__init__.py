"""Tests of what is about the problem: schema, features, model, metrics, and what is shown."""
