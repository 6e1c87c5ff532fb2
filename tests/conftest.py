from surroundings import make_steady

pytest_plugins = ["fakes.plugin", "needs"]

make_steady()
