"""The worker of impact-tracker: `bin/impact-worker`, which `impact_tracker.runner.find_worker` finds."""
