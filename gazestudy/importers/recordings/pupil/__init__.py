"""Pupil Labs: Core, Invisible, Neon, as recorded and as exported."""
