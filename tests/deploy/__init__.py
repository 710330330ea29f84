"""Tests of the road of a release."""
