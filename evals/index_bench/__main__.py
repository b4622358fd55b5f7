"""``python -m evals.index_bench`` runs the command line."""

from evals.index_bench.command import main

main()
