"""From a bundle to where it runs."""
