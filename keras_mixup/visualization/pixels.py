"""Images and masks as colors from 0 to 1."""

import numpy as np

# How much of the image a mask hides.
_OPACITY = 0.6
# A class that has a smaller share of every pixel cannot be seen.
_LEAST = 0.05


def range_of(images):
    """The values that are drawn black and white, told from images before mixing.

    Args:
        images: Array of any shape.

    Returns:
        0 and the largest value of the dtype for unsigned integers, (0, 1) or (0, 255)
        for what lies between these, and else, as after standardization, the smallest
        and the largest value of the batch.
    """
    if images.dtype.kind == "b":
        return 0.0, 1.0
    if images.dtype.kind == "u":
        return 0.0, float(np.iinfo(images.dtype).max)
    images = images.astype("float32")
    images = images[np.isfinite(images)]
    low, high = float(images.min(initial=0)), float(images.max(initial=0))
    for most in (1.0, 255.0):
        if low >= 0 and high <= most:
            return 0.0, most
    return float(images.min()), high


def scaled(images, low, high):
    """Images with `low` at 0 and `high` at 1, and nothing beyond."""
    return np.clip((images.astype("float32") - low) / ((high - low) or 1.0), 0, 1)


def class_shares(masks):
    """Masks as class ids `(n, height, width)`, or as shares with an axis of classes.

    Floats that are not all whole are shares of class 1, and those with an axis of
    classes stay as they are.
    """
    if masks.ndim == 4 and masks.shape[-1] == 1:
        masks = masks[..., 0]
    if masks.ndim == 4:
        return masks.astype("float32")
    if masks.dtype.kind in "iub":
        return masks.astype("int64")
    masks = masks.astype("float32")
    if (masks == np.floor(masks)).all():
        return masks.astype("int64")
    masks = masks / max(masks.max(), 1)
    return np.stack([1 - masks, masks], axis=-1)


def classes_in(shares):
    """The classes that are to be seen of `class_shares`, as a list of ids."""
    if shares.ndim == 3:
        return np.unique(shares[shares > 0]).tolist()
    most = shares.max(axis=(0, 1, 2))
    return [each for each in range(1, len(most)) if most[each] >= _LEAST]


def overlay(shares, colors):
    """What is drawn over images: translucent colors, none for class 0.

    Args:
        shares: What `class_shares` returned.
        colors: Array `(n, 3)`, from which class i takes color i modulo n.

    Returns:
        Float array `(batch_size, height, width, 4)`.
    """
    if shares.ndim == 3:
        rgb, cover = colors[shares % len(colors)], shares > 0
    else:
        palette = colors[np.arange(1, shares.shape[-1]) % len(colors)]
        cover = shares[..., 1:].sum(axis=-1)
        rgb = shares[..., 1:] @ palette / np.maximum(cover, 1e-6)[..., None]
    overlaid = np.concatenate([rgb, _OPACITY * cover[..., None]], axis=-1)
    return np.clip(overlaid, 0, 1).astype("float32")
