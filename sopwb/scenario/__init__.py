"""Scenarios: the same flow on changed inputs, and what the change does to the key figures."""
