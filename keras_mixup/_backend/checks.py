"""What an argument must be, and the error that says so when it is not."""

import numbers

import numpy as np

from keras_mixup._backend.dtypes import is_float

# Those of `keras.utils.bounding_boxes`.
_BOX_FORMATS = (
    *("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw"),
    *("rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"),
)
# Above it, a float32 is infinite.
_LARGEST = 3.4e38


def check_alpha(alpha):
    """Returns a Python `alpha` as a float, or raises with what was expected."""
    if isinstance(alpha, bool) or not isinstance(alpha, numbers.Real):
        raise TypeError(
            "`alpha` must be a real number ≥ 0. "
            f"Received: alpha={alpha!r} (of type {type(alpha).__name__})"
        )
    if not 0 <= alpha <= _LARGEST:
        raise ValueError(
            "`alpha` must be finite and ≥ 0, where 0 means no mixing. "
            f"Received: alpha={alpha}"
        )
    return float(alpha)


def check_prob(prob):
    """Returns `prob` as a float, or raises with what was expected."""
    if isinstance(prob, bool) or not isinstance(prob, numbers.Real):
        raise TypeError(
            "`prob` must be a number in [0, 1]. "
            f"Received: prob={prob!r} (of type {type(prob).__name__})"
        )
    if not 0 <= prob <= 1:
        raise ValueError(f"`prob` must be in [0, 1]. Received: prob={prob}")
    return float(prob)


def check_concentration(alpha):
    """Returns a number `alpha` checked, and a tensor as it is."""
    if isinstance(alpha, numbers.Real) or not hasattr(alpha, "dtype"):
        return check_alpha(alpha)
    return alpha


def check_broadcasts(name, value, shape):
    """Returns a number, or a tensor that may have one entry for each of `shape`."""
    sizes = tuple(getattr(value, "shape", ()))
    known = all(isinstance(size, int) for size in (*sizes, *shape))
    if known and (
        len(sizes) > len(shape)
        or any(a not in (1, b) for a, b in zip(sizes[::-1], shape[::-1]))
    ):
        raise ValueError(
            f"`{name}` must be a number, or a tensor that broadcasts to the shape "
            f"{tuple(shape)} of the draws. Received: {name} of shape {sizes}"
        )
    return value


def check_real(name, value, *, above=None, least=None, most=None, below=None):
    """Returns a finite number within its bounds as a float, or raises."""
    bounds = [
        f"{sign} {bound:g}"
        for sign, bound in ((">", above), ("≥", least), ("≤", most), ("<", below))
        if bound is not None
    ]
    expected = f"`{name}` must be a finite number {' and '.join(bounds)}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"{expected}. Received: {name}={value!r} (of type {type(value).__name__})"
        )
    fits = (
        abs(value) <= _LARGEST
        and (above is None or value > above)
        and (least is None or value >= least)
        and (most is None or value <= most)
        and (below is None or value < below)
    )
    if not fits:
        raise ValueError(f"{expected}. Received: {name}={value}")
    return float(value)


def check_count(name, count, least=1, most=None):
    """Returns an integer within its bounds, or raises with what was expected."""
    if isinstance(count, bool) or not isinstance(count, numbers.Integral):
        raise TypeError(
            f"`{name}` must be an integer. "
            f"Received: {name}={count!r} (of type {type(count).__name__})"
        )
    if count < least:
        raise ValueError(f"`{name}` must be ≥ {least}. Received: {name}={count}")
    if most is not None and count > most:
        raise ValueError(f"`{name}` must be ≤ {most}. Received: {name}={count}")
    return int(count)


def check_seed(seed):
    """Returns a seed or `None`, or raises with what was expected."""
    return None if seed is None else check_count("seed", seed, 0, most=2**31 - 1)


def check_compute_dtype(dtype):
    """Raises unless samples can be blended in `dtype`."""
    if not is_float(dtype):
        raise ValueError(
            f"`dtype` must be a floating one, to blend in. Received: dtype={dtype!r}"
        )


def check_flag(name, flag):
    """Returns a boolean argument, or raises with what was expected."""
    if not isinstance(flag, (bool, np.bool_)):
        raise TypeError(
            f"`{name}` must be True or False. "
            f"Received: {name}={flag!r} (of type {type(flag).__name__})"
        )
    return bool(flag)


def check_num_classes(num_classes):
    """Returns a number of classes, `None` or a structure of these, or raises."""
    if isinstance(num_classes, (dict, list, tuple)):
        if not num_classes:
            raise ValueError(f"`num_classes` is empty. Received: {num_classes!r}")
        if isinstance(num_classes, dict):
            return {key: check_num_classes(n) for key, n in num_classes.items()}
        return [check_num_classes(n) for n in num_classes]
    return None if num_classes is None else check_count("num_classes", num_classes)


def check_label_keys(keys):
    """Returns the keys of labels as a tuple or `None`, or raises."""
    if keys is None:
        return None
    if not isinstance(keys, (list, tuple, set, frozenset)):
        raise TypeError(
            "`label_keys` must be a list of keys, as `label_keys=['species']`. "
            f"Received: label_keys={keys!r} (of type {type(keys).__name__})"
        )
    return tuple(keys)


def check_probabilities(probabilities, count=None):
    """Returns probabilities that sum to 1 as a tuple, or raises.

    Args:
        probabilities: Numbers ≥ 0.
        count: How many these have to be, if that is known.
    """
    expected = "`probabilities` must be numbers ≥ 0 that sum to 1, one for each layer"
    if not isinstance(probabilities, (list, tuple, np.ndarray)):
        raise TypeError(
            f"{expected}. Received: probabilities={probabilities!r} "
            f"(of type {type(probabilities).__name__})"
        )
    probabilities = [float(each) for each in probabilities]
    fits = all(0 <= each <= 1 for each in probabilities)
    fits = fits and abs(sum(probabilities) - 1) < 1e-4
    if not fits or count not in (None, len(probabilities)):
        of = "" if count is None else f" for {count} layers"
        raise ValueError(f"{expected}. Received: {probabilities}{of}")
    return tuple(probabilities)


def check_threshold(threshold):
    """Returns the share above which a class counts, or `None`, or raises."""
    if threshold is None:
        return None
    return check_real("target_threshold", threshold, least=0, below=1)


def check_box_format(box_format):
    """Returns the format of boxes in lower case, or `None`, or raises."""
    if box_format is None:
        return None
    name = box_format.lower() if isinstance(box_format, str) else None
    if name not in _BOX_FORMATS:
        raise ValueError(
            f"`bounding_box_format` must be one of {list(_BOX_FORMATS)}. "
            f"Received: bounding_box_format={box_format!r}"
        )
    return name


def check_num_samples(num_samples):
    """Returns a number of samples of at least 2, or raises with what was expected."""
    if check_count("num_samples", num_samples) < 2:
        raise ValueError(
            "`num_samples` must be ≥ 2: a sample and at least one partner. "
            f"Received: num_samples={num_samples}"
        )
    return int(num_samples)


def check_grid(region, grid):
    """Returns the sizes of the axes that a region has a place on, or raises."""
    if not isinstance(grid, (list, tuple)) or (
        (region is None) != (len(grid) == 0) or len(grid) > 3
    ):
        raise ValueError(
            "`grid` must hold the sizes of one to three spatial axes, for a `region`. "
            f"Received: region={region!r}, grid={grid!r}"
        )
    return tuple(check_batch_size(size) for size in grid)


def check_batch_size(batch_size):
    """Returns a number of samples, or raises with what was expected."""
    if hasattr(batch_size, "dtype") and not isinstance(batch_size, numbers.Integral):
        return batch_size  # A tensor, known when the graph runs.
    return check_count("batch_size", batch_size)


def may_be_equal(shape, other):
    """Whether two shapes, of which sizes may be unknown, could be the same."""
    return len(shape) == len(other) and all(
        None in sizes or len(set(sizes)) == 1 for sizes in zip(shape, other)
    )


def check_part(part):
    """Returns a part of a plan, which must be a tensor, or raises."""
    if not hasattr(part, "shape"):
        raise TypeError(
            "A MixPlan holds tensors or NumPy arrays: `np.asarray` makes one of a "
            f"list. Received: {part!r} (of type {type(part).__name__})"
        )
    return part
