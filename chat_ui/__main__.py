"""`python -m chat_ui`: serve the chat."""

import sys
from contextlib import suppress

import uvicorn

from chat_ui.app import create_app
from chat_ui.errors import ChatUIError
from chat_ui.settings import ChatUISettings
from http_bounds.serving import bounded_config

DRAIN_S = 3  # open pages hold a connection each; their answers end in the gateway


def main() -> int:
    """Serve until a signal comes; 1 if the chat cannot start."""
    settings = ChatUISettings()
    try:
        app = create_app(settings)
    except ChatUIError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    config = bounded_config(
        app,
        settings,
        host=settings.ui_host,
        port=settings.ui_port,
        log_level="warning",
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=DRAIN_S,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
