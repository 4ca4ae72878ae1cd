"""Files from outside, read into the model."""
