"""The chat in the browser: a Gradio application that speaks to the gateway over HTTP and imports no other package."""
