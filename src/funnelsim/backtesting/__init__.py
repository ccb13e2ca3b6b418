"""Rolling forecasts of the past, scored beside simple baselines."""
