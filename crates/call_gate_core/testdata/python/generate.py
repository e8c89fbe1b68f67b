"""Writes the files beside it with the real Python package, in real time.

    pip install call_gate==2.1.0
    python generate.py

`expected.json` says of each file what Python itself held when it saved: the
start of the newest frame as microseconds since the Unix epoch (null: none), the
sum, the number of frames, and the time zone of the process. It needs a Unix (for
`tzset`) and takes about ten seconds.
"""

import json
import multiprocessing
import os
import time

from datetime import datetime
from pathlib import Path
from typing import Optional

from call_gate import CallGate

HERE = Path(__file__).parent
EXPECTED = {}


def local_zone(name: str) -> None:
    """Make a naive time mean this zone."""
    os.environ["TZ"] = name
    time.tzset()


def micros(start: Optional[datetime]) -> Optional[int]:
    """Count in whole seconds and microseconds, so that no float rounds it."""
    if start is None:
        return None
    return int(start.replace(microsecond=0).timestamp()) * 10**6 + start.microsecond


def save(gate: CallGate, file: Optional[str] = None) -> None:
    file = file or gate.name
    gate.to_file(HERE / f"{file}.json")
    EXPECTED[file] = {
        "start_micros": micros(gate.current_dt),
        "sum": gate.sum,
        "frames": gate.frames,
        "local_zone": os.environ["TZ"],
    }


def use(gate: CallGate, values: list, pause: float) -> None:
    for value in values:
        gate.update(value, throw=True)
        time.sleep(pause)


def call_through(gate: CallGate) -> None:
    gate.update(3, throw=True)


def main() -> None:
    local_zone("America/New_York")

    gate = CallGate("used_naive", 10, 1, gate_limit=1200, frame_limit=100)
    use(gate, [1, 2, 40, 5], 0.8)
    save(gate)

    save(CallGate("unused", 600, 1, gate_limit=1200, frame_limit=2))

    gate = CallGate("cleared", 10, 1, gate_limit=5)
    use(gate, [4], 0)
    gate.clear()
    save(gate)

    gate = CallGate("aware_london", 60, 2, gate_limit=500, timezone="Europe/London")
    use(gate, [7, 8], 2.1)
    save(gate)

    # Summer time when it is winter in London: one of the two has an odd offset.
    gate = CallGate("aware_adelaide", 3600, 60, gate_limit=500, frame_limit=40, timezone="Australia/Adelaide")
    use(gate, [11], 0)
    save(gate)

    gate = CallGate("aware_kolkata", 86400, 3600, frame_limit=50, timezone="Asia/Kolkata")
    use(gate, [9, 4], 0)
    save(gate)

    save(CallGate("unused_aware", 60, 1, frame_limit=1, timezone="UTC"))

    gate = CallGate("no_limits", 86400 * 7, 86400)
    use(gate, [2**53], 0)
    save(gate)

    gate = CallGate("tenths", 3, 0.3, gate_limit=30, frame_limit=10)
    use(gate, [3, 1, 4, 1], 0.25)
    save(gate)

    gate = CallGate("millis", 1, 0.001, gate_limit=1000, timezone="UTC")
    use(gate, [1] * 8, 0.003)
    save(gate)

    gate = CallGate("micros", 0.00001, 0.000001, gate_limit=1000)
    save(gate)

    local_zone("Asia/Kathmandu")
    gate = CallGate("naive_kathmandu", 3600, 60, gate_limit=10)
    use(gate, [6], 0)
    save(gate)

    gate = CallGate("zażółć \"gęślą\" jaźń", 10, 1, storage="shared", gate_limit=10)
    use(gate, [2], 0)
    save(gate, "shared")

    # Saved by a process that did not call through it: counts without a time.
    gate = CallGate("shared_undated", 10, 1, storage="shared", gate_limit=10)
    worker = multiprocessing.Process(target=call_through, args=(gate,))
    worker.start()
    worker.join()
    save(gate)

    with (HERE / "expected.json").open("w", encoding="utf-8") as file:
        json.dump(EXPECTED, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
