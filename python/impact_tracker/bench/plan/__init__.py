"""What is asked of a campaign: settings, modes, networks, tests and their order."""
