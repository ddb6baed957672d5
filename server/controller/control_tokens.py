"""The control tokens of a model's tokenizer: strings that must not come from a user's text. See decision 5."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from server.controller.model import read_json


def control_tokens(folder: Path) -> tuple[str, ...]:
    """Every special token of the tokenizer in `folder`, and every added token that its chat template writes.

    Longest first, so that a token which begins with another is found before it. Read from the files: transformers takes
    seconds to import.

    Raises:
        ModelUnusable: A file of the tokenizer is damaged.
    """
    tokenizer = read_json(folder / "tokenizer.json") or {}
    config = read_json(folder / "tokenizer_config.json") or {}
    named = read_json(folder / "special_tokens_map.json") or {}
    added = [token for token in tokenizer.get("added_tokens", []) if isinstance(token, dict)]
    added += [token for token in (config.get("added_tokens_decoder") or {}).values() if isinstance(token, dict)]
    template = _template(folder, config)
    found = {str(token["content"]) for token in added if token.get("special") or token["content"] in template}
    found |= set(_named(named)) | set(_named(config))
    return tuple(sorted((token for token in found if token.strip()), key=lambda token: (-len(token), token)))


def _template(folder: Path, config: dict[str, Any]) -> str:
    """The text of every chat template of the model."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("**/*.jinja"))]
    inline = config.get("chat_template") or ""
    texts += [inline] if isinstance(inline, str) else [str(item.get("template", "")) for item in inline]
    return "\n".join(texts)


def _named(mapping: dict[str, Any]) -> Iterator[str]:
    """The tokens under `bos_token`, `eos_token` … and `additional_special_tokens`, as strings or objects."""
    for key, value in mapping.items():
        if key in {"additional_special_tokens", "extra_special_tokens"}:
            items = value.values() if isinstance(value, dict) else value or []
        elif key.endswith("_token") and not key.startswith(("add_", "clean_")):
            items = [value]
        else:
            continue
        for item in items:
            content = item.get("content") if isinstance(item, dict) else item
            if isinstance(content, str) and content:
                yield content
