"""`python -m server`: the gateway as a process."""

import os
import signal
import sys
from types import FrameType

import uvicorn

from http_bounds.serving import bounded_config
from ledger.database import Database
from ledger.errors import LedgerError, Misconfigured
from ledger.home_owner import require_owner
from ledger.home_rights import close_and_say
from ledger.settings import LedgerSettings, load
from server.app import create_app
from server.canary_settings import CanarySettings
from server.logs import configure_logging
from server.retention_settings import RetentionSettings
from server.settings import GatewaySettings


class GatewayServer(uvicorn.Server):
    """Uvicorn, which tells the app of SIGTERM at once, so that it is not ready any more while it drains."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Notes the signal."""
        context = getattr(self.config.app.state, "context", None)  # type: ignore[union-attr]
        if context is not None:
            context.draining = True
        super().handle_exit(sig, frame)


def main() -> int:
    """Return the exit status: 0 after SIGTERM or SIGINT, 64 for a mistake in a setting or a path, else 1."""
    try:
        serve()
    except LedgerError as error:
        sys.stderr.write(f"{error}\n")
        return os.EX_USAGE if isinstance(error, Misconfigured) else 1
    return 0


def serve() -> None:
    """Serves until SIGTERM or SIGINT; running answers get `drain_timeout_s` to finish."""
    settings, kept, canary = load(GatewaySettings), load(LedgerSettings), load(CanarySettings)
    configure_logging(settings.log_level)
    require_owner(kept.resolved_home, "python -m server")
    close_and_say(kept.resolved_home)
    database = Database.open(kept.resolved_database_url)
    try:
        app = create_app(
            settings,
            database,
            canary_rules=canary.rules,
            copies=kept.copies,
            retention=load(RetentionSettings),
        )
        config = bounded_config(
            app,
            settings,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            lifespan="on",
            log_config=None,
            proxy_headers=False,  # nothing asks for the client's address
            backlog=2048,
            timeout_graceful_shutdown=settings.drain_timeout_s,
        )
        # Uvicorn drains, and then raises the signal again for whoever handled it before: with this, we exit with 0.
        for drained in (signal.SIGTERM, signal.SIGINT):
            signal.signal(drained, lambda *_: None)
        GatewayServer(config).run()
    finally:
        database.close()


if __name__ == "__main__":
    sys.exit(main())
