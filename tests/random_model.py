"""A Llama of random weights: tiny, when there is no starter model, or in a real model's shape, for its speed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True)
class Shape:
    """What decides how much a model computes. Tokens beyond the tokenizer's own are words that no text has."""

    hidden_size: int = 128
    layers: int = 2
    heads: int = 4
    kv_heads: int = 4
    ffn_size: int = 352
    vocab_size: int | None = None


# https://huggingface.co/Qwen/Qwen2.5-0.5B/blob/main/config.json
QWEN_HALF_BILLION = Shape(hidden_size=896, layers=24, heads=14, kv_heads=2, ffn_size=4864, vocab_size=151_936)


def write_random_model(folder: Path, shape: Shape | None = None) -> Path:
    """Write the model and its byte-level tokenizer to `folder`, always the same; returns `folder`."""
    shape = shape or Shape()
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["hello"], trainer)
    if shape.vocab_size is not None:
        _pad_vocabulary(tokenizer, shape.vocab_size)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    fast.chat_template = _TEMPLATE
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        intermediate_size=shape.ffn_size,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
        pad_token_id=fast.pad_token_id,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return folder


def _pad_vocabulary(tokenizer: Any, size: int) -> None:
    """Give the tokenizer words that nothing is split into, so that every id the model can say has a text."""
    state = json.loads(tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    vocabulary.update({f"word{number}": number for number in range(len(vocabulary), size)})
    tokenizer.model = type(tokenizer.model)(vocabulary, [tuple(merge) for merge in state["model"]["merges"]])


if __name__ == "__main__":
    import sys

    write_random_model(Path(sys.argv[1]))
