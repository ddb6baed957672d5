"""Uvicorn's configuration of every HTTP server of ours, with its bounds."""

from typing import Any

import uvicorn

from http_bounds.connections import raise_open_files_limit
from http_bounds.protocol import BoundedProtocol
from http_bounds.settings import BoundSettings


def bounded_config(app: Any, bounds: BoundSettings, **options: Any) -> uvicorn.Config:
    """Returns the configuration of a server.

    Args:
        app: The ASGI application.
        bounds: What one client may take of it.
        options: Of uvicorn besides: address, port, logs.
    """
    return uvicorn.Config(
        app,
        http=BoundedProtocol.bounded_by(bounds, raise_open_files_limit()),
        ws="none",
        access_log=False,
        server_header=False,
        timeout_keep_alive=bounds.keep_alive_timeout_s,
        **options,
    )
