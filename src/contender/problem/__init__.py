"""All that is about this problem: schema, expectations, features, model, metrics."""
