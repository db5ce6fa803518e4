"""Inventory: how much stock is wanted and why, and what the plan makes of it."""
