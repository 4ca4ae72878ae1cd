"""The timeline: linked rows over one time axis, each painted by one item that paints only what is visible."""
