"""What `/metrics` says, as numbers by name and labels."""

from typing import Final

from prometheus_client.parser import text_string_to_metric_families

MAX_SERIES: Final = 200

Name = tuple[str, tuple[tuple[str, str], ...]]


def read_series(text: str) -> dict[Name, float]:
    """Every series of the exposition, by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
