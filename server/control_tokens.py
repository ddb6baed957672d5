"""Control tokens in what people write reach the model as text. See decision 5.

vLLM renders the chat template to text and tokenizes the whole: a `<|im_start|>system` in a user's message would become
a real control token. A zero-width space after its first character breaks it.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

ZERO_WIDTH_SPACE = "\u200b"
REPLACEMENT = "\ufffd"


class ControlTokens:
    """The control tokens of one tokenizer, ready to be broken in any JSON value."""

    def __init__(self, tokens: Sequence[str]) -> None:
        """Prepares the search.

        Args:
            tokens: The special tokens as text.
        """
        found = sorted({token for token in tokens if token}, key=len, reverse=True)
        # These cannot be broken by inserting a zero-width space, so they are replaced.
        hopeless = [token for token in found if len(token) == 1 or ZERO_WIDTH_SPACE in token]
        breakable = [token for token in found if token not in hopeless]
        self._hopeless = _any_of(hopeless)
        # A lookahead finds tokens that overlap, too.
        self._starts = re.compile(f"(?={'|'.join(map(re.escape, breakable))})") if breakable else None

    def escape(self, value: Any) -> Any:
        """Returns a JSON value without control tokens in its strings and keys. The value itself is not changed."""
        if isinstance(value, str):
            return self.escape_text(value)
        if isinstance(value, Mapping):
            return {self.escape_text(key): self._escape_field(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return self._escape_parts(value) if _are_text_parts(value) else [self.escape(item) for item in value]
        return value

    def escape_text(self, text: str) -> str:
        """Returns a text without control tokens."""
        return self._escape_run([text])[0]

    def _escape_field(self, key: str, value: Any) -> Any:
        """The arguments of a call are JSON text, in which a token can hide behind escapes: they are read first."""
        if key != "arguments" or not isinstance(value, str):
            return self.escape(value)
        try:
            arguments = json.loads(value)  # as vLLM reads them: NaN, which others refuse, must not hide a token
        except ValueError:
            return self.escape_text(value)
        escaped = self.escape(arguments)
        return value if escaped == arguments else json.dumps(escaped, separators=(",", ":"))

    def _escape_parts(self, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A template may join the parts of a message, so a token may be spread over them."""
        texts = self._escape_run([part["text"] for part in parts])
        return [{**part, "text": text} for part, text in zip(parts, texts, strict=True)]

    def _escape_run(self, texts: list[str]) -> list[str]:
        """Escapes texts as if they were one.

        One pass is enough: an inserted space creates no breakable token, for none of them contains one; and a token
        that were left would be a piece of the original without an insertion, though each of its starts has got one.
        """
        if self._starts is not None:
            whole = "".join(texts)
            breaks = [match.start() + 1 for match in self._starts.finditer(whole)]
            if breaks:
                texts = _broken(whole, [len(text) for text in texts], breaks)
        if self._hopeless is not None:
            texts = [self._hopeless.sub(REPLACEMENT, text) for text in texts]
        return texts


def _broken(whole: str, lengths: list[int], breaks: list[int]) -> list[str]:
    """Cuts a text into parts of these lengths, with a zero-width space at each of the sorted positions `breaks`."""
    parts: list[str] = []
    begin = 0
    for length in lengths:
        end = begin + length
        here = breaks[bisect_right(breaks, begin) : bisect_right(breaks, end)]
        pieces = [whole[a:b] for a, b in zip([begin, *here], [*here, end], strict=True)]
        parts.append(ZERO_WIDTH_SPACE.join(pieces))
        begin = end
    return parts


def _any_of(tokens: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, tokens))) if tokens else None


def _are_text_parts(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value)
