"""What all figures of the package share: names that lie on nothing, notes that fit, looks that need no hue."""
