"""Points of studies: one model, trained on some data until something ends it, with what that took and what it gave."""
