"""Measures answers: question sets, runs, metrics, reports."""

import os.path
import sys

# As in ``assistant``: ``python -m`` would import whatever lies in the current folder.
if sys.argv[:1] == ["-m"] and not sys.flags.safe_path and sys.path[0] != os.path.dirname(__path__[0]):
    del sys.path[0]
