"""The import paths of listings written for experiment-impact-tracker, on impact_tracker.

What was a different number there: energy is the whole machine's, measured without gaps; the PUE is the run's own (1
unless set; the old tool always took 1.58); without a zone set (`IMPACT_TRACKER_ZONE=FR`, a configuration file) carbon
is weighed with the world's average and marked as estimated, as nothing here asks the network where it is.
"""
