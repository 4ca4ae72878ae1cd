"""SMI: text and event exports of BeGaze."""
