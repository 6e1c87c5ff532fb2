"""How a campaign is run: workers, phases, sensors, progress."""
