"""Compiled loops. They know indices, days and cents; no dates, names or currencies."""
