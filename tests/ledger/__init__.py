"""Tests of the package `contender.ledger`."""
