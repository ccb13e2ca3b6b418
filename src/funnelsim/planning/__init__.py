"""Many scenarios on the same draws: compared, swept, solved for a goal."""
