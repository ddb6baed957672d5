"""`python -m chat_ui`: serve the chat."""

import sys

import uvicorn

from chat_ui.app import create_app
from chat_ui.errors import ChatUIError
from chat_ui.settings import ChatUISettings

DRAIN_S = 3  # open pages hold a connection each; their answers end in the gateway


def main() -> int:
    """Serve until a signal comes; 1 if the chat cannot start."""
    settings = ChatUISettings()
    try:
        app = create_app(settings)
    except ChatUIError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    uvicorn.run(
        app,
        host=settings.ui_host,
        port=settings.ui_port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
