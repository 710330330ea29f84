"""A table that nobody has described yet becomes a schema and parameters, with the reasons."""
