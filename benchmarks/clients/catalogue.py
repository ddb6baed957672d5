"""The clients, what is installed for each, and what of the cases it does not have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
_NO_LIST = "it has no list of models"
_TOO_SMALL = "no way to demand a call, and the starter makes none by itself"
_EVALUATES = "an evaluation has no such thing"
_LOADS = "a load test has no such thing"


@dataclass(frozen=True)
class Client:
    """One client.

    Attributes:
        name: As its users call it.
        script: In `scripts/`.
        packages: Pinned, for uv, or for npm where the script is one of Node.
        lacks: Cases that it does not have, each with the reason.
        lacks_on_starter: The same for the run on vLLM with the starter.
        lacks_scripted: The same for the scripted engine.
        note: What the table says besides.
    """

    name: str
    script: str
    packages: tuple[str, ...]
    lacks: Mapping[str, str] = field(default_factory=dict)
    lacks_on_starter: Mapping[str, str] = field(default_factory=dict)
    lacks_scripted: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def environment(self) -> str:
        """The name of its environment's folder."""
        return Path(self.script).stem

    @property
    def on_node(self) -> bool:
        """Whether its script is one of Node."""
        return self.script.endswith(".mjs")


CLIENTS = (
    Client("openai (Python)", "openai_python.py", ("openai==3.57.0",)),
    Client("openai (Node)", "openai_node.mjs", ("openai@6.49.0", "zod@4.6.7")),
    Client("LangChain", "langchain_chat.py", ("langchain-openai==1.7.4",), {"models": _NO_LIST}),
    Client(
        "LlamaIndex, OpenAILike",
        "llamaindex_like.py",
        ("llama-index-llms-openai-like==0.8.1", "llama-index-llms-openai==0.8.3"),
        {"models": _NO_LIST},
    ),
    Client(
        "LlamaIndex, OpenAIResponses",
        "llamaindex_responses.py",
        ("llama-index-llms-openai==0.8.3",),
        {"models": _NO_LIST},
        note="over /v1/responses; what keeps no state of its own there is another issue's",
    ),
    Client("LiteLLM (SDK)", "litellm_sdk.py", ("litellm==1.110.2",)),
    Client("LiteLLM (proxy)", "litellm_proxy.py", ("litellm[proxy]==1.108.7",), {"models": "it lists its own"}),
    Client(
        "instructor",
        "instructor_client.py",
        ("instructor==1.17.0",),
        {"models": _NO_LIST, "tools": "its tools are the shape of an answer: see structured"},
    ),
    Client("pydantic-ai", "pydantic_ai_agent.py", ("pydantic-ai-slim[openai]==2.68.0",), {"models": _NO_LIST}),
    Client(
        "Vercel AI SDK",
        "vercel_ai.mjs",
        ("ai@6.0.326", "@ai-sdk/openai-compatible@2.0.92", "zod@4.6.7"),
        {"models": _NO_LIST},
    ),
    Client("openai-agents", "agents_runner.py", ("openai-agents==0.24.0",), {"models": _NO_LIST}),
    Client(
        "simonw/llm",
        "simonw_llm.py",
        ("llm==0.36",),
        {"models": "it lists those of its own configuration"},
        {"tools": _TOO_SMALL},
    ),
    Client(
        "inspect_ai",
        "inspect_evaluation.py",
        ("inspect-ai==0.3.285", "openai==3.57.0"),
        {"stream": _EVALUATES, "models": _NO_LIST},
    ),
    Client(
        "lm-eval",
        "lm_evaluation.py",
        ("lm_eval[api]==0.4.13", "transformers==5.19.0"),
        dict.fromkeys(("stream", "tools", "structured", "models"), _EVALUATES),
        lacks_scripted={"usage": "the scripted engine does not echo a prompt's log-probabilities"},
        note="usage: log-likelihoods over /v1/completions",
    ),
    Client(
        "Open WebUI",
        "open_webui.py",
        ("open-webui==0.12.4", "torch==2.13.0"),
        {"error": "it asks only for models that it was told of"},
        note="its server, asked through its own API",
    ),
    Client(
        "guidellm",
        "guidellm_load.py",
        ("guidellm==0.8.1", "torch==2.13.0"),
        dict.fromkeys(("chat", "tools", "structured", "models", "usage"), _LOADS),
    ),
)
