"""Launches and waits of PyTorch, as its profiler counts them."""

import torch
from torch.profiler import ProfilerActivity
from torch.profiler import profile

from benchmarks.gpu.device import wait

# What starts a kernel: PyTorch's own, and those of Triton.
LAUNCHES = ("cudaLaunchKernel", "cuLaunchKernel")
COPIES = ("cudaMemcpyAsync", "cudaMemsetAsync")
WAITS = ("cudaStreamSynchronize", "cudaEventSynchronize", "cudaMemcpy")
# What brings a number to the host, for `item()`, `bool()` or `tolist()`.
READS = ("aten::_local_scalar_dense",)


def counts(call, count):
    """What happens in `count` calls: launches, copies, waits and reads.

    Args:
        call: Function of nothing that has been called before.
        count: How often to call it.

    Returns:
        Dict of the four to numbers in all calls.
    """
    activities = [ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities):
        call()  # What the profiler itself does first, it does here.
    wait(None)
    with profile(activities=activities) as profiler:
        for _ in range(count):
            call()
        # The one wait that the profiler counts is not the call's.
        wait(None)
    events = {event.key: event.count for event in profiler.key_averages()}

    def total(names, exactly=True):
        return sum(
            number
            for key, number in events.items()
            if key in names or (not exactly and key.startswith(names))
        )

    found = {
        # Their names end in the way of the launch, as ExC.
        "launches": total(LAUNCHES, exactly=False),
        "copies": total(COPIES),
        "waits by the host": total(WAITS),
        "reads by the host": total(READS),
    }
    if torch.cuda.is_available() and not found["launches"]:
        raise AssertionError("the profiler sees no launch: it has no access to CUDA")
    return found
