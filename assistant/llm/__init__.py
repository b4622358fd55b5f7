"""Asks chat models, and reads their replies."""
