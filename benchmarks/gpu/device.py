"""The device of a process: what it is, data on it, and times of work queued on it."""

import time

import keras
import numpy as np

BACKEND = keras.backend.backend()


def description():
    """Dict of what is measured on: its kind, its name, and the versions behind it."""
    return {"jax": _of_jax, "torch": _of_torch, "tensorflow": _of_tensorflow}[BACKEND]()


def _of_jax():
    import jax
    from jax.extend.backend import get_backend

    first, *_ = jax.devices()
    return {
        "kind": first.platform,
        "name": first.device_kind,
        "jax": jax.__version__,
        "platform": " ".join(get_backend().platform_version.split()),
    }


def _of_torch():
    import torch

    found = {"torch": torch.__version__, "cuda": torch.version.cuda}
    if not torch.cuda.is_available():
        return {"kind": "cpu", "name": "cpu", **found}
    name, capability = torch.cuda.get_device_name(), torch.cuda.get_device_capability()
    found["cudnn"] = torch.backends.cudnn.version()
    return {"kind": "gpu", "name": name, "capability": capability, **found}


def _of_tensorflow():
    import tensorflow as tf

    build = tf.sysconfig.get_build_info()
    found = {"tensorflow": tf.__version__, "cuda": build.get("cuda_version")}
    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return {"kind": "cpu", "name": "cpu", **found}
    details = tf.config.experimental.get_device_details(devices[0])
    return {"kind": "gpu", "name": details.get("device_name", "a GPU"), **found}


def batch(shape, dtype):
    """Random images on the device."""
    images = np.random.default_rng(0).random(shape, dtype="float32")
    return keras.ops.cast(keras.ops.convert_to_tensor(images), dtype)


def wait(result):
    """Returns once the device has done what `result` is of."""
    if BACKEND == "jax":
        import jax

        jax.block_until_ready(result)
        return
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def queued(function, calls):
    """A function of the seconds a call takes, over `calls` that the device queues.

    The host waits once, after the last. One by one, each call would also pay for the
    way to the device and back, which in a training runs beside the work before it.

    Args:
        function: Function of nothing to a tensor.
        calls: How many calls to queue.
    """

    def seconds():
        start = time.perf_counter()
        for _ in range(calls):
            result = function()
        wait(result)
        return (time.perf_counter() - start) / calls

    return seconds
