"""The gate, on evidence that is made up or comes from small real data."""
