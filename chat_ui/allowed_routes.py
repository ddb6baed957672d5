"""Which paths the chat serves. Gradio mounts some eighty routes; what stands here is what the pages ask for.

The others take files, read files, fetch addresses, log people out by redirecting to any host, or tell about the app.
"""

CHAT_PATH = "/"
RATING_PATH = "/rate"
OPS_PATH = "/ops"
OPS_API = f"{OPS_PATH}/api/"
STATIC_URL = "/chat-static"
JOIN_PATH = "/gradio_api/queue/join"
DATA_PATH = "/gradio_api/queue/data"
HEARTBEAT_PREFIX = "/gradio_api/heartbeat/"
RESET_PATH = "/gradio_api/reset"
"""The page posts it beside cancel, without naming its session. Gradio 6 answers, and does nothing."""
SESSION_POSTS = (JOIN_PATH, "/gradio_api/cancel")

_PAGES = (CHAT_PATH, RATING_PATH, OPS_PATH)
WITH_SLASH = {f"{page}/": page for page in (RATING_PATH, OPS_PATH)}
"""Addresses that people type, and where they lead."""
_OURS = ("/health/live", "/model-ready")
_GRADIOS = (*SESSION_POSTS, RESET_PATH, DATA_PATH, "/gradio_api/app_id", "/gradio_api/startup-events")
# The same for everybody: only these may be kept by a cache.
_FILES = ("/favicon.ico", "/robots.txt", "/theme.css")
_FOLDERS = ("/assets/", "/static/", f"{STATIC_URL}/")

_PATHS = frozenset((*_PAGES, *WITH_SLASH, *_OURS, *_GRADIOS, *_FILES))
_PREFIXES = (*_FOLDERS, OPS_API, HEARTBEAT_PREFIX)


def is_served(path: str) -> bool:
    """Whether the chat serves this path."""
    return path in _PATHS or path.startswith(_PREFIXES)


def is_file(path: str) -> bool:
    """Whether this is a file that is the same for everybody."""
    return path in _FILES or path.startswith(_FOLDERS)


def needs_user(path: str) -> bool:
    """Whether nobody may ask for this without the cookie that the page gives."""
    return path in _GRADIOS or path.startswith(HEARTBEAT_PREFIX)
