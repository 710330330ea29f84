"""The repository's rules: each takes the root of a tree and returns what breaks it, empty for none.

A rule that finds nothing to look at says so, because nothing passes vacuously.
"""
