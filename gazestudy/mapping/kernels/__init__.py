"""What mapping does for every placement in every frame, as compiled loops."""
