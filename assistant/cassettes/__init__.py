"""Recorded replies of chat models, and requests that wait for one."""
