"""A byte-level BPE learned from the corpus, and the ChatML template around it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from models.recipe.config import TokenizerConfig
from models.recipe.corpus import shard

END_OF_TEXT = "<|endoftext|>"
TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"

# What BPE may not merge across; GPT-2's pattern with two changes. Each digit is a token of its own, so that sums are
# done digit by digit and no number is unknown. The space before a capitalised word is a token of its own, so that a
# name has the same tokens wherever it stands, and can be copied from the middle of a sentence to the start of another.
_PIECES = r"'(?:s|t|re|ve|m|ll|d)|\s(?=\p{Lu}\p{Ll})|\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s"

# A role or a content that the model never saw (tools, images, calls) is left out instead of failing the request.
CHAT_TEMPLATE = """\
{%- for message in messages -%}
{%- if message['role'] in ['system', 'user', 'assistant'] -%}
{%- set content = message['content'] -%}
{%- if content is string -%}
{%- set text = content -%}
{%- elif content is iterable and content is not mapping -%}
{%- set text = content | selectattr('text', 'defined') | map(attribute='text') | join('') -%}
{%- else -%}
{%- set text = '' -%}
{%- endif -%}
{{- '<|im_start|>' + message['role'] + '\\n' + text + '<|im_end|>\\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
"""


def train_tokenizer(config: TokenizerConfig, seed: int) -> PreTrainedTokenizerFast:
    """Learn the vocabulary from the first conversations of the corpus; equal arguments give an equal tokenizer."""
    texts = (
        message.content for conversation in shard(seed, 0, config.conversations) for message in conversation.messages
    )
    return _wrap(_learn(texts, config.vocab_size))


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Load the tokenizer saved in a folder."""
    loaded = PreTrainedTokenizerFast.from_pretrained(folder)
    assert isinstance(loaded, PreTrainedTokenizerFast)
    return loaded


def _learn(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT, TURN_START, TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    roles = ["system\n", "user\n", "assistant\n"] * 1000
    tokenizer.train_from_iterator([*roles, *texts], trainer)
    return tokenizer


def _wrap(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[TURN_START],
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
        model_max_length=1024,
    )
