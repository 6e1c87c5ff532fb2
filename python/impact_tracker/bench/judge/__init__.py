"""Whether a row counts: checks of one row, and the idle machine that it is held against."""
