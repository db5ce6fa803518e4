"""Runs on disk: how tables are written, how a run is published, and what earlier runs tell."""
