"""Runs lm-eval on a folder of tasks. This runs in lm-eval's own environment: `python -m evals.harness.driver PLAN`.

The plan is a JSON file that `running.py` writes; the API key stands in `OPENAI_API_KEY`, where lm-eval looks for it.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import lm_eval
from lm_eval.models.api_models import JsonChatStr
from lm_eval.models.openai_completions import LocalChatCompletion
from lm_eval.tasks import TaskManager

from evals.harness.scoring.figures import figures
from evals.harness.scoring.row import NO_ANSWER

_TOO_MUCH_FOR_THE_MODEL = frozenset({400, 413, 422})


class Chats(LocalChatCompletion):
    """lm-eval's model for chat completions, but that a row's text is a whole chat, and that a refused one is no end.

    lm-eval itself puts everything into one message of the user's, and gives up the whole run when the server refuses a
    prompt, such as one that is longer than the model's context.
    """

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> Any:
        """The chat that stands in the row."""
        return JsonChatStr(chat_history[-1]["content"])

    async def amodel_call(self, *args: Any, **kwargs: Any) -> Any:
        """One answer; a mark in its place where the server refuses the prompt as it is."""
        try:
            return await super().amodel_call(*args, **kwargs)
        except aiohttp.ClientResponseError as error:
            if error.status not in _TOO_MUCH_FOR_THE_MODEL:
                raise
            return [NO_ANSWER]


def main(plan_file: Path) -> None:
    """Runs the plan: asks everything, and writes `found.json` and, for each task, `answers/TASK.jsonl` beside it."""
    plan = json.loads(plan_file.read_text(encoding="utf-8"))
    model = Chats(
        model=plan["model"], base_url=plan["url"], num_concurrent=plan["concurrency"], max_retries=plan["attempts"]
    )
    found = lm_eval.simple_evaluate(
        model=model,
        tasks=plan["tasks"],
        task_manager=TaskManager(include_path=str(plan_file.parent / "tasks"), include_defaults=False),
        apply_chat_template=True,
        log_samples=True,
    )
    answers = plan_file.parent / "answers"
    answers.mkdir()
    rows = []
    for task in plan["tasks"]:
        samples = found["samples"][task]
        lines = [{"id": s["doc"]["id"], "answer": s["resps"][0][0]} for s in samples]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (answers / f"{task}.jsonl").write_text(text, encoding="utf-8")
        rows += figures(task, found["results"][task], samples)
    written = {"lm_eval": version("lm_eval"), "rows": rows}
    (plan_file.parent / "found.json").write_text(json.dumps(written, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
