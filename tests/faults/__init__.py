"""Everything that can go wrong with Packer and with us, injected on purpose; each with what the user sees of it."""
