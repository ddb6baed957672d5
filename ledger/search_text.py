"""Text made comparable for searching, alike on every database."""

import unicodedata


def folded(text: str) -> str:
    """Folds case and compatibility forms of every script: `Straße` and `STRASSE` become the same."""
    return unicodedata.normalize("NFKC", text).casefold()
