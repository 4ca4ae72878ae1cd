"""Meta Project Aria: machine perception services, VRS."""
