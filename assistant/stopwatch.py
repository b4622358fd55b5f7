"""Measures the milliseconds of each stage."""

import time
from collections.abc import Mapping


class Stopwatch:
    """Splits the time since it was made into named stages, in milliseconds."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """What passed since the last lap belongs to this stage."""
        now = time.perf_counter()
        self._laps[stage] = self._laps.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now

    def add(self, laps: Mapping[str, float]) -> None:
        """Split what passed since the last lap into stages that were measured elsewhere."""
        for stage, taken in laps.items():
            self._laps[stage] = self._laps.get(stage, 0.0) + taken
        self._last = time.perf_counter()

    def timings_ms(self) -> dict[str, float]:
        """Stage → milliseconds, with the total since the start."""
        return {**self._laps, "total": (time.perf_counter() - self._started) * 1000}
