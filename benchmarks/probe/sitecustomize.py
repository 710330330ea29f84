"""Python imports this first where PYTHONPATH names its folder: at exit, each process adds its cost.

One line a process goes to the file that CONTENDER_COSTS names, as `measure.Usage` has it.
"""

import atexit
import os
import resource
import sys
import time

STARTED = time.monotonic()


def add_line() -> None:
    """Write down what this process has cost until now, without the processes it started."""
    import json  # pylint: disable=import-outside-toplevel  # not before the process has ended

    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    program = os.path.basename(sys.argv[0])
    usage = {
        "name": sys.argv[1] if program == "__main__.py" else program,
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "wall_s": round(time.monotonic() - STARTED, 3),
        "peak_mb": round(used.ru_maxrss * unit / 1e6, 1),
    }
    with open(os.environ["CONTENDER_COSTS"], "a", encoding="utf-8") as stream:
        stream.write(json.dumps(usage) + "\n")


atexit.register(add_line)
