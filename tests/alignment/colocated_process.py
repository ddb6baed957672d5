"""PPO with vLLM in its own process: `python -m tests.alignment.colocated_process PARENT OUT`.

A process of its own, because vLLM takes the process that it is loaded in for one of a distributed group.
"""

import sys
from pathlib import Path

from alignment.chat_tokens import ChatTokens
from alignment.ppo.config import PPOConfig
from alignment.ppo.prompts import PromptSets
from alignment.ppo.stage import build_trainer, run
from tests.stack import STARTER

PROMPTS = (
    "hello",
    "what can you do?",
    "tell me a story about a fox",
    "how are you",
    "spell cat",
    "2+3?",
    "who?",
    "bye",
)
CONFIG = PPOConfig.model_validate(
    {
        "rollouts": 3,
        "prompts_per_rollout": 8,
        "forward_size": 4,
        "max_prompt_tokens": 64,
        "max_new_tokens": 24,
        "eval_every": 3,
        "learning_rate": 5e-3,
        "lora": {"rank": 4},
        "rollout": "vllm",
    }
)


def main(parent: Path, out: Path) -> None:
    """Trains the starter with an adapter on it, so that what vLLM loads by itself is not what it must serve."""
    tokens = ChatTokens.load(STARTER)
    messages = [[{"role": "user", "content": text}] for text in PROMPTS]
    rendered = [tokens.tokenizer.apply_chat_template(chat, add_generation_prompt=True) for chat in messages]
    heldout = [list(row["input_ids"]) for row in rendered]

    def score(sequences: list[list[int]]) -> list[float]:
        return [sum(token % 7 for token in ids) / len(ids) for ids in sequences]

    out.mkdir()
    run(build_trainer(CONFIG, STARTER, parent, PromptSets(messages, heldout, {}), score, tokens, out, 0), out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
