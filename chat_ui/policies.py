"""The Content-Security-Policy of each page: what its browser may load, run and send.

What is not named is refused. Each source that is wider than `'self'` says why; `tests/chat_ui/test_policies.py` tries
the page in a browser and sees nothing refused that the page needs.
"""

from chat_ui.allowed_routes import CHAT_PATH, OPS_PATH, RATING_PATH

_NOT_FRAMED = ("frame-ancestors 'none'",)


def policy_for(path: str, nonce: str) -> str:
    """The policy of whatever is served at `path`.

    Args:
        path: Of the request, without the query.
        nonce: Random for this response; scripts inside Gradio's page carry it.

    Returns:
        The header's value. What is no page may load and run nothing, should a browser ever show it as one.
    """
    if path == CHAT_PATH:
        return _joined(*_CHAT, f"script-src 'self' 'nonce-{nonce}'")
    return {OPS_PATH: _OPS, RATING_PATH: _RATING}.get(path, _NO_PAGE)


def _joined(*directives: str) -> str:
    return "; ".join(["default-src 'none'", *directives, *_NOT_FRAMED])


_CHAT = (
    # Gradio's components (Svelte) write style attributes and style elements as they are drawn. What people and models
    # wrote brings none: static/sanitise.js.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'none'",  # else script-src would allow workers
    "base-uri 'self'",  # Gradio's page names its own address as the base
    "form-action 'none'",
)

_NO_PAGE = _joined("base-uri 'none'", "form-action 'none'")

_RATING = _joined("style-src 'self'", "img-src 'self'", "base-uri 'none'", "form-action 'self'")

# `sandbox` without `allow-same-origin` gives the page an origin of its own that nobody shares: no script of the chat
# can reach into it or read what it keeps, nor can it read what the chat keeps. Decision 20.
_OPS = _joined(
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",  # pictures of a run come through an authorised request
    "connect-src 'self'",
    "worker-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "sandbox allow-scripts allow-forms",
)
