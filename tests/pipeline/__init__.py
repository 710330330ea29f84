"""Tests of the pipeline as people run it: real commands, real files, a real DVC repository."""
