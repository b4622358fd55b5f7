"""Exchange with other systems: their answers become runs, and runs become files that other programs read."""
