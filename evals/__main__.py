"""``python -m evals`` runs the command line."""

from evals.command import main

main()
