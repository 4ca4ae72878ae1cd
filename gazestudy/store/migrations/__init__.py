"""Migrations of `study.sqlite`, one file per format; `gazestudy.store.database` runs them."""
