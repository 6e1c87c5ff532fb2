"""What a campaign wrote down: rows, the file they stand in, its lock."""
