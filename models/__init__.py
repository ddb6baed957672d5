"""The embedded starter model and the recipe that makes it."""
