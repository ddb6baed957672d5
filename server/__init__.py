"""The gateway (an OpenAI-style HTTP API in front of vLLM) and the controller that runs its engines."""
