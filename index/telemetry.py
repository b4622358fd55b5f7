"""Switches off the telemetry of libraries.

``index`` does this when it is imported, before any of them can be: ONNX Runtime looks at its variable while it is being
loaded, makes a database and a device's name in the user's cache folder, and reaches for its maker. Who has set one of
these variables keeps it.
"""

import os

# SEE: onnxruntime/core/platform/telemetry_1ds.cc (read when the library is loaded), huggingface_hub/constants.py,
# chromadb/config.py, ray/_common/usage/usage_lib.py.
OFF = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}

# LangChain sends every question, prompt and answer to LangSmith where a variable says so, as another program of the
# same person may need it. Programs that use our chain decide themselves; our own commands never do.
TRACING = "LANGSMITH_TRACING_V2"  # it comes before all others: langsmith/utils.py, get_env_var


def switch_off() -> None:
    """Set the variables, for this process and those it starts."""
    for name, value in OFF.items():
        os.environ.setdefault(name, value)


def switch_tracing_off() -> None:
    """Keep LangChain in this process from telling LangSmith what is asked and answered."""
    os.environ[TRACING] = "false"
