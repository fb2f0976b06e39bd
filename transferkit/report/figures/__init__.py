"""One file per figure; each takes plain data and returns a matplotlib Figure, without pyplot's global state."""
