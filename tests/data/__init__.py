"""What is known of the sample data; these tests leave with it."""
