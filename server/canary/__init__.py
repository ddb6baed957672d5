"""Is a canary as good as the live version? Pure functions over what people and requests have said so far."""
