"""Run a program that cannot outlive its parent: ``python -m okrbridge.demo.tied PARENT_PID PROGRAM [ARGUMENT…]``.

The parent may be killed without a chance to tidy up. Linux then ends the program by itself (prctl(2),
PR_SET_PDEATHSIG); elsewhere the program simply runs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then become the program."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted; the command is the demo's own


if __name__ == "__main__":
    main(sys.argv[1:])
