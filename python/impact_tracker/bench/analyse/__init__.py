"""What rows say: their means, how quantities go together, what a target costs, scores."""
