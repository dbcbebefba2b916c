"""The loss, and what it adds to the one that it wraps."""
