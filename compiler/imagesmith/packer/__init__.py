"""Packer as a child process: how it is started, what its lines mean, which step is speaking, how it is stopped."""
