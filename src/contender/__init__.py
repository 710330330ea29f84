"""A model ships only by beating the one in production; importing this package does nothing."""
