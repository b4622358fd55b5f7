"""Question sets: their form, their files, and where their evidence stands."""
