"""The forecast that joins throughput and pipeline."""
