pytest_plugins = ["fakes.plugin"]
