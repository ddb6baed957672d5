"""Whether an address is free to listen on, and who holds it if not."""

import errno
import socket

from attune.errors import StartFailed, WrongUsage


def require_free(host: str, port: int, setting: str) -> None:
    """Checks that `host`:`port` can be listened on.

    Args:
        host: Name or address.
        port: Port.
        setting: What to change otherwise: `ATTUNE_PORT`.

    Raises:
        StartFailed: It is taken, or this machine has no such address; the message says what to do.
        WrongUsage: This user may not listen on it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                held = holder(port)
                raise StartFailed(
                    f"Port {port} is taken by {held}. Stop that, or choose another port with {setting}."
                ) from error
            if error.errno == errno.EACCES:
                raise WrongUsage(
                    f"Port {port} may not be listened on by this user. Choose one above 1023 with {setting}."
                ) from error
            raise StartFailed(f"Cannot listen on {host}:{port}: {error.strerror}. Change {setting}.") from error


def holder(port: int) -> str:
    """Who listens on a port, as far as this user may know."""
    import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                process = psutil.Process(connection.pid)
                return f"process {process.pid} ({' '.join(process.cmdline())[:80] or process.name()})"
    except (psutil.Error, OSError):
        return "another process"
    return "another process"
