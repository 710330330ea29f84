"""From a challenger to a release."""
