"""Real servers for tests: on loopback, on a free port, stopped by their own process id."""
