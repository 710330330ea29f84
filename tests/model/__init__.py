"""What the committed model must be able to do; these tests leave with the sample data."""
