"""ARM template functions."""
