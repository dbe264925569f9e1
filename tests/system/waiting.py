"""Waiting for a condition, with a bound."""

from __future__ import annotations

import time
from typing import Callable


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Returns as soon as `condition` is true; raises TimeoutError, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.005)
