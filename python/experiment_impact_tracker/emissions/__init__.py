"""Carbon intensity of electricity. Nothing here asks the network."""
