"""Experiments that the code's choices rest on."""
