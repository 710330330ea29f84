"""Tests of the stages, each run for real on small tables of every task."""
