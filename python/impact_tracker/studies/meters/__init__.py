"""Which meter to believe: one workload under every meter that is installed, side by side."""
