"""Steps with parameters and cache keys, batch runs, workers: what the command line and the desktop call."""
