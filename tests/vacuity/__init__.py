"""Nothing and garbage: what every gate of the repository says when it is shown nothing."""
