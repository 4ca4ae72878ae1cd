"""Tobii: Pro Glasses 2 and 3, and exports of Pro Lab."""
