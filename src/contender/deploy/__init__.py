"""The road of a release: from a bundle to all of the traffic, step by step, and back."""
