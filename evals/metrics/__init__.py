"""Metrics as pure functions of outcomes; no model, no clock, no file."""
