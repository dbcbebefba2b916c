"""Batches as a pipeline hands them over."""
