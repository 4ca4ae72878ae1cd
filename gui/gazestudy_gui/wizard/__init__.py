"""The import wizard: what lies there, whose it is, how clocks relate; nothing is written before Import."""
