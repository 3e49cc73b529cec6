"""Diagnostics, events and rules to text for people and machines."""
