"""`python -m impact_tracker.studies.federated FOLDER`: one program of a run; its folder says which."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from .plan import ACTOR_FILE, ActorPlan, read_json


def main(folder: Path) -> None:
    """Does the work of the folder's plan."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    plan = read_json(folder / ACTOR_FILE, ActorPlan)
    if plan.role == "server":
        from .server import run_server

        run_server(plan, folder)
    elif plan.role == "client":
        from .client import run_client

        run_client(plan, folder)
    else:
        from .centre import run_centre

        run_centre(plan, folder)


def _end_with_parent() -> None:
    """The study holds the other end of our standard input: once it is gone, nobody wants the result."""
    while os.read(0, 1 << 12):
        pass
    os._exit(3)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
