"""Tests of the sample data; they leave with it when a team brings its own."""
