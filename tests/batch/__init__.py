"""Predictions for a whole file: equal to those of one row, or refused by name."""
