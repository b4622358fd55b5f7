"""Articles in, the chunks that bear on a question out."""

from index.telemetry import switch_off

switch_off()
