"""The questions of studies: which points they need, and what follows from the runs, as table, figure and sentence."""
