"""What rows say: means, relations, survival, scores."""
