"""What a study window shows: one file for each view, found through `gazestudy_gui.views.registry`."""
