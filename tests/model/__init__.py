"""Tests of the model on the sample data; they leave with it when a team brings its own."""
