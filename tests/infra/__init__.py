"""What runs beside the code: is it what it should be, and does it run."""
