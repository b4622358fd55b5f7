"""The embedded models' files: which, where, and how they get there."""
