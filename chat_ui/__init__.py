"""The chat in the browser: a Gradio application that speaks to the gateway over HTTP and imports nothing else of Attune."""
