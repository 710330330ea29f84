"""The model as a service: what it promises, and how, is in docs/concepts/serving.md."""
