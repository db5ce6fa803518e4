"""Measurements: commands with a peer in the same run, never timed tests."""
