import signal

pytest_plugins = ["fakes.plugin", "needs"]

# A shell that starts the tests in the background has SIGINT ignored, and every program of theirs would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
