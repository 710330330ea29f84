"""The gate as pure functions: evidence in, decision out; no file, clock, network or chance."""
