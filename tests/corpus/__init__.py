"""Real templates, where they are at hand; elsewhere nothing is collected here."""
