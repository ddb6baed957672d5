"""`python -m chat_ui`: serve the chat."""

import os
import sys
from contextlib import suppress

import uvicorn
from pydantic import ValidationError
from pydantic_settings import SettingsError

from chat_ui.errors import ChatUIError
from chat_ui.logs import logged_without_texts
from chat_ui.settings import ChatUISettings
from http_bounds.serving import bounded_config

DRAIN_S = 3  # open pages hold a connection each; their answers end in the gateway


def main() -> int:
    """Return the exit status: 0 after a signal, 64 for a setting that cannot be used, 1 if the chat cannot start."""
    try:
        settings = ChatUISettings()
    except (ValidationError, SettingsError) as error:
        sys.stderr.write(f"Settings cannot be used. {_faults(error)}\n")
        return os.EX_USAGE
    # Imported here: Gradio takes seconds, and a mistake in a setting is told at once.
    from chat_ui.app import create_app

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
        log_config=None,
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=DRAIN_S,
    )
    with suppress(KeyboardInterrupt), logged_without_texts(sys.stderr):
        uvicorn.Server(config).run()
    return 0


def _faults(error: ValidationError | SettingsError) -> str:
    """A sentence for each setting that cannot be used."""
    if isinstance(error, SettingsError):
        return f"{error}."
    return " ".join(
        f"ATTUNE_{str(fault['loc'][0]).upper()} is {fault['input']!r}: {fault['msg']}." for fault in error.errors()
    )


if __name__ == "__main__":
    sys.exit(main())
