"""A table nobody has described: what is found out, what is refused, and what comes of it."""
