"""Interviews beside attention: who remembers what they passed and looked at."""
