"""Slow, obvious reference implementations and exact formulas, written from the model alone."""
