"""Answers of very many paths, none of which is kept."""
