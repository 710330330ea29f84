"""Predictions for a whole file, a chunk of rows at a time."""
