"""From a history to assumptions, each with how sure it is."""
