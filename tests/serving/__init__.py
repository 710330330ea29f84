"""The service: what it promises, asked of a real one over a real socket."""
