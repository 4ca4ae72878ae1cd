"""Cameras, homographies, polygons, visual angle."""
