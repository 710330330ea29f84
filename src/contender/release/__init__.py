"""From a trained challenger to a release: verdict, record, promotion."""
