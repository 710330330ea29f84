"""A model of the workflows: which job runs for whom, and what it would need there."""
