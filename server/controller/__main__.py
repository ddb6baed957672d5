"""`python -m server.controller`: run the controller until SIGTERM or SIGINT."""

import asyncio
import faulthandler
import logging
import os
import signal
import sys

from ledger.database import Database
from ledger.errors import LedgerError, Misconfigured
from ledger.home_owner import require_owner
from ledger.home_rights import make_home
from ledger.log_times import UtcTimes
from ledger.settings import LedgerSettings, load
from server.canary_settings import CanarySettings
from server.controller.canary_watch import watch_canaries
from server.controller.controller import Controller
from server.controller.engine_process import KILL_TAKES_S
from server.controller.errors import ControllerError
from server.controller.fleet import Fleet
from server.controller.lock import only_controller
from server.controller.loop_watch import exit_when_stuck
from server.controller.settings import EngineSettings
from server.retention_settings import RetentionSettings

log = logging.getLogger("server.controller")

_REST_TAKES_S = 10.0


async def serve() -> None:
    """Runs the controller with the settings of the environment."""
    ledger, settings, canary = load(LedgerSettings), load(EngineSettings), load(CanarySettings)
    log_limits = load(RetentionSettings).logs
    home = ledger.resolved_home
    require_owner(home, "python -m server.controller")
    make_home(home)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop_in_time() -> None:
        stop.set()
        # Whatever a stop waits for, this process ends: then its engines' guardians end them.
        faulthandler.dump_traceback_later(settings.stop_timeout_s + KILL_TAKES_S + _REST_TAKES_S, exit=True)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_in_time)
    with only_controller(home):
        database = Database.open(ledger.resolved_database_url)
        try:
            if settings.upstream is None:
                engines: Controller | Fleet = Controller(settings, home, database, stop, log_limits=log_limits)
            else:
                engines = Fleet(settings, home, database, stop)
            watching = asyncio.gather(
                watch_canaries(database, canary, stop), exit_when_stuck(settings.starved_timeout_s, stop)
            )
            try:
                await engines.run()
            finally:
                stop.set()
                await watching
        finally:
            database.close()


def main() -> int:
    """Return the exit status: 0 after a stop that was asked for, 64 for a mistake in a setting or a path, else 1."""
    handler = logging.StreamHandler()
    handler.setFormatter(UtcTimes("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        asyncio.run(serve())
    except (ControllerError, LedgerError) as error:
        log.error("%s", error)
        return os.EX_USAGE if isinstance(error, Misconfigured) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
