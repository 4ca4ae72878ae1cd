"""The command line: one module per command, all of them thin skins over `gazestudy.pipeline`.

Exit codes: 0 done; 1 something given cannot be used (one line says what and what to do); 2 wrong usage;
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from gazestudy.cli.interrupt import listen
    from gazestudy.errors import Cancelled, GazestudyError

    try:
        listen()
        from gazestudy.cli.app import app  # takes long enough for an impatient Ctrl-C

        app()
    except (Cancelled, KeyboardInterrupt):
        sys.exit(130)
    except (GazestudyError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)
