"""What mixup is worth: trainings of many seeds, with controls and intervals.

One command trains everything, and goes on where it was interrupted:

    KERAS_BACKEND=jax python -m benchmarks.evidence
"""
