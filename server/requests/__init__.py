"""What requests may hold: pydantic models that name every field, and bound every number, string and list."""
