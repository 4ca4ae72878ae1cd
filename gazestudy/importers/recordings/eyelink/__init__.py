"""SR Research EyeLink: ASC files."""
