"""Measures: the condition of the data, key figures, bridges, exceptions and headlines."""
