"""What each command does: the parts put together; values in, an `Answer` out."""
