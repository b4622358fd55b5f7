"""The scores of a run, with intervals, compared and kept."""
