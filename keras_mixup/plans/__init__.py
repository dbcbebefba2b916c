"""Who is mixed with whom and how much, and what becomes of tensors by that."""
