"""gazestudy: wearable eye tracking and field observation for out-of-home advertising."""

__version__ = "0.1.0"
