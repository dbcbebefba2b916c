"""Bounding boxes of images into which those of partners are pasted."""


def paste_boxes(plan, bounding_boxes, x, rules):
    """The boxes of what is to be seen in the images."""
    raise ValueError("Boxes are not pasted yet.")
