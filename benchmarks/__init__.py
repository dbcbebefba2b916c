"""What mixup costs, as ratios against a copy, a peer or a step without it.

`python -m benchmarks`, from the root of the repository, measures all of it.
"""
