"""A real image, built as `make image` builds it, and run as production runs it."""
