"""What mixup costs on a GPU: `python -m benchmarks --device gpu`, in ten minutes.

With `--quick` all of it runs at tiny sizes, also where there is only a CPU.
"""
