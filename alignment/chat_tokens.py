"""From messages to the token ids that a policy was served with and a reward model judges.

The gateway breaks control tokens in what people write by a zero-width space (decision 5), and vLLM tokenizes the
rendered template as a whole. Training does the same, so that a `<|im_start|>system` in a row of a file stays text here
too, and a prompt has the same ids as when it was answered. The answer's ids follow the prompt's, and the end-of-turn
token follows them: the sequence that generation produces.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from alignment.errors import UnusableModel
from alignment.preferences import Message

ZERO_WIDTH_SPACE = "\u200b"
REPLACEMENT = "\ufffd"


class ChatTokens:
    """One model's tokenizer and chat template.

    Attributes:
        tokenizer: With a padding token; pads on the right.
        end_id: The token that ends an answer.
        pad_id: Of padding.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Prepares the tokenizer.

        Raises:
            UnusableModel: It has no chat template or no end token.
        """
        if not tokenizer.chat_template:
            raise UnusableModel("the tokenizer has no chat template: a chat model is needed, not a base language model")
        if tokenizer.eos_token is None:
            raise UnusableModel("the tokenizer names no eos_token: set it to the token that ends an answer")
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        tokenizer.padding_side = "right"
        self.tokenizer = tokenizer
        self.end_id = int(tokenizer.eos_token_id)
        self.pad_id = int(tokenizer.pad_token_id)
        self._breakable, self._hopeless = _patterns(tokenizer)

    @classmethod
    def load(cls, folder: Path) -> "ChatTokens":
        """Reads the tokenizer of a model folder.

        Raises:
            UnusableModel: There is none, or it cannot be used.
        """
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise UnusableModel(f"{folder} has no tokenizer that can be read: {error}") from error
        return cls(tokenizer)

    def escape(self, text: str) -> str:
        """The text with its control tokens broken, as the gateway breaks them."""
        if self._breakable is not None:
            starts = [match.start() + 1 for match in self._breakable.finditer(text)]
            pieces = [text[a:b] for a, b in zip([0, *starts], [*starts, len(text)], strict=True)]
            text = ZERO_WIDTH_SPACE.join(pieces)
        return self._hopeless.sub(REPLACEMENT, text) if self._hopeless is not None else text

    def messages(self, prompt: Sequence[Message]) -> list[dict[str, str]]:
        """The prompt as a chat template takes it, its text escaped."""
        return [{"role": message.role, "content": self.escape(message.content)} for message in prompt]

    def prompt_ids(self, prompt: Sequence[Message]) -> list[int]:
        """The ids that generation starts from."""
        encoded: Any = self.tokenizer.apply_chat_template(
            self.messages(prompt), add_generation_prompt=True, tokenize=True, return_dict=True
        )
        return [int(token) for token in encoded["input_ids"]]

    def completion_ids(self, completion: str) -> list[int]:
        """The ids of a finished answer, its end token included."""
        return [*self.tokenizer.encode(self.escape(completion), add_special_tokens=False), self.end_id]

    def row_ids(self, prompt: Sequence[Message], completion: str, max_length: int) -> list[int]:
        """Prompt and answer. What is too long loses tokens on its left, so the prompt goes before the answer does."""
        return (self.prompt_ids(prompt) + self.completion_ids(completion))[-max_length:]


def _patterns(tokenizer: PreTrainedTokenizerBase) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    """What finds the starts of control tokens that a space can break, and the tokens that it cannot."""
    template = str(tokenizer.chat_template)
    added: Any = tokenizer.added_tokens_decoder
    tokens = {str(token.content) for token in added.values() if token.special or str(token.content) in template}
    tokens |= {str(token) for token in tokenizer.all_special_tokens}
    found = sorted((token for token in tokens if token.strip()), key=len, reverse=True)
    hopeless = [token for token in found if len(token) == 1 or ZERO_WIDTH_SPACE in token]
    breakable = [token for token in found if token not in hopeless]
    starts = f"(?={'|'.join(map(re.escape, breakable))})"
    return (
        re.compile(starts) if breakable else None,
        re.compile("|".join(map(re.escape, hopeless))) if hopeless else None,
    )
