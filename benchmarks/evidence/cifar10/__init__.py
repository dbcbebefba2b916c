"""What mixup gives on CIFAR-10, with clean labels and with those of annotators.

One command trains everything on two cores, and goes on where it was interrupted:

    KERAS_BACKEND=jax python -m benchmarks.evidence.cifar10 --data cifar10.npz
"""
