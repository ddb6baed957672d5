"""lm-eval: one task that generates over chat completions, and one of log-likelihoods over completions."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LM_EVAL = str(Path(sys.executable).parent / "lm_eval")
folder = Path(tempfile.mkdtemp())
(folder / "rows.jsonl").write_text(
    json.dumps({"question": "What is the capital of France?", "choices": ["Paris", "Oslo"], "label": 0}) + "\n"
)
_COMMON = f"""
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/rows.jsonl}}}}
test_split: test
doc_to_text: "{{{{question}}}}"
"""
(folder / "generated.yaml").write_text(
    "task: generated\noutput_type: generate_until\n"
    + _COMMON
    + 'doc_to_target: "{{choices[label]}}"\ngeneration_kwargs: {until: ["\\n"], max_gen_toks: 24, do_sample: false}\n'
    + "metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]\n"
)
(folder / "chosen.yaml").write_text(
    "task: chosen\noutput_type: multiple_choice\n"
    + _COMMON
    + 'doc_to_choice: "{{choices}}"\ndoc_to_target: label\n'
    + "metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]\n"
)


def evaluate(task, model, path, name="attune", *more):
    arguments = f"model={name},base_url={os.environ['BASE_URL']}{path},max_retries=1,num_concurrent=1,max_length=1000"
    arguments += f",tokenizer={os.environ['TOKENIZER']},tokenizer_backend=huggingface"
    command = [
        LM_EVAL,
        "run",
        "--model",
        model,
        "--model_args",
        arguments,
        "--tasks",
        task,
        "--include_path",
        str(folder),
    ]
    command += ["--output_path", str(folder / task), "--log_samples", *more]
    environment = os.environ | {"OPENAI_API_KEY": os.environ["API_KEY"], "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    if done.returncode:
        raise RuntimeError(done.stderr[-6000:])
    samples = next((folder / task).rglob(f"samples_{task}*.jsonl"))
    return json.loads(samples.read_text().splitlines()[0])


def chat():
    sample = evaluate("generated", "local-chat-completions", "/chat/completions", "attune", "--apply_chat_template")
    return sample["resps"][0][0]


def usage():
    """Log-likelihoods stand for counts: both choices must have one, which lm-eval reads from echoed prompts."""
    sample = evaluate("chosen", "local-completions", "/completions")
    likelihoods = [float(answer[0][0]) for answer in sample["resps"]]
    assert all(likelihood < 0 for likelihood in likelihoods), likelihoods
    return [len(likelihoods), 1]


def error():
    evaluate("generated", "local-chat-completions", "/chat/completions", "no-such-model", "--apply_chat_template")
