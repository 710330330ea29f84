"""Tests of the package `contender.checkup`."""
