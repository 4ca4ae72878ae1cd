"""Intervals, comparisons, survival, agreement and sample size: plain statistics on arrays."""
