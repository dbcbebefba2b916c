"""The layers, and the state that they keep."""
