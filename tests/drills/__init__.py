"""The whole road, driven as a person would."""
