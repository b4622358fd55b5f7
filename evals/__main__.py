"""``python -m evals`` runs the command line."""

from evals.commands.main import main

main()
