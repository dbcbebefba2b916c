"""What a training step is made of: every value of every axis of its configuration."""

# Sizes are few, so that what a backend compiles for one case serves others.
STEPS, CLASSES, FEATURES, HIDDEN, TARGETS, VOCABULARY = 4, 3, 3, 4, 2, 6

INPUTS = {
    "vector": (FEATURES,),
    "integers": (FEATURES,),
    "sequence": (STEPS, FEATURES),
    "image": (2, 2, FEATURES),
    "video": (2, 2, 2, FEATURES),
    "ids": (STEPS,),
    # Several inputs, under their keys or by their places.
    "dict": {"a": (FEATURES,), "b": (STEPS, 2)},
    "list": [(FEATURES,), (2, 2, 1)],
    "tuple": ((FEATURES,), (2,)),
}

POLICIES = (
    "similarity",
    "exponential",
    "literal_exponential",
    "linear",
    "inverse_loss",
    "fixed",
    "confidence",
    "function",
    "shuffled_similarity",
    "shuffled_linear",
    "shuffled_confidence",
)
LAYERS = (
    *("mixup",) * 6,
    *("two_in_a_row", "two_apart"),
    *("manifold_1", "manifold_2", "manifold_3"),
    *("manifold_after_mixup", "mixup_after_adaptive"),
    *(f"adaptive_{policy}" for policy in POLICIES),
)

LOGITS, IGNORED = {"from_logits": True}, {"ignore_class": -1}
SPARSE, DENSE = "sparse_categorical_crossentropy", "categorical_crossentropy"
FOCAL, BINARY = "categorical_focal_crossentropy", "binary_crossentropy"
BINARY_FOCAL, GENERALIZED = (
    "binary_focal_crossentropy",
    ("categorical_generalized_cross_entropy"),
)
# The labels, the loss and its arguments, and the activation of the head.
HEADS = (
    ("ids", SPARSE, {}, "softmax"),
    ("ids", SPARSE, LOGITS, None),
    ("ids", SPARSE, LOGITS | IGNORED, None),
    ("ids", GENERALIZED, {"q": 0.5}, "softmax"),
    ("ids_column", SPARSE, {}, "softmax"),
    ("ids_column", SPARSE, {"ignore_class": 0}, "softmax"),
    ("onehot", DENSE, {}, "softmax"),
    ("onehot", DENSE, LOGITS | {"label_smoothing": 0.2}, None),
    ("onehot", FOCAL, {"gamma": 2.0, "alpha": 0.25}, "softmax"),
    ("onehot", FOCAL, LOGITS | {"label_smoothing": 0.1}, None),
    ("onehot", "kl_divergence", {}, "softmax"),
    ("onehot", "categorical_hinge", {}, None),
    ("onehot", "mean_squared_error", {}, "softmax"),
    ("multihot", BINARY, {}, "sigmoid"),
    ("multihot", BINARY, LOGITS | {"label_smoothing": 0.2}, None),
    ("multihot", BINARY_FOCAL, {"gamma": 2.0}, "sigmoid"),
    ("multihot", BINARY_FOCAL, LOGITS | {"apply_class_balancing": True}, None),
    ("multihot", "hinge", {}, None),
    ("multihot", "squared_hinge", {}, None),
    ("bit", BINARY, {}, "sigmoid"),
    ("bit_column", BINARY, LOGITS, None),
    ("number", "mean_squared_error", {}, None),
    ("number", "mean_absolute_error", {}, None),
    ("number_column", "huber", {"delta": 0.5}, None),
    ("number_column", "mean_squared_error", {}, None),
    ("numbers", "mean_squared_error", {}, None),
    ("numbers", "log_cosh", {}, None),
    ("numbers", "poisson", {}, "softplus"),
    ("numbers", "cosine_similarity", {}, None),
    ("numbers", "users", {}, None),
    ("step_ids", SPARSE, {}, "softmax"),
    ("step_ids", SPARSE, LOGITS | IGNORED, None),
    ("step_onehot", DENSE, LOGITS, None),
    ("step_multihot", BINARY, {}, "sigmoid"),
    ("step_numbers", "mean_squared_error", {}, None),
    ("map_ids", SPARSE, LOGITS | IGNORED, None),
    # Of the probabilities of pixels Keras has no gradient on torch.
    ("map_ids", SPARSE, LOGITS, None),
    ("map_onehot", DENSE, {}, "softmax"),
)
WIDTHS = {
    "ids": CLASSES,
    "ids_column": CLASSES,
    "onehot": CLASSES,
    "multihot": CLASSES,
    "bit": 1,
    "bit_column": 1,
    "number": 1,
    "number_column": 1,
    "numbers": TARGETS,
}

# Of a lone MixUp, whether it is another layer that pastes, and where.
REGIONS = ("choice", "cutmix", None)
PLACEMENTS = ("clip", "inside", "uniform")
PLACES = ("input", "behind a layer", "hidden")
# Those that mix more than a little come more often.
ALPHAS = (1.0, 0.2, 32.0, 0.0, 1.0, 0.2, 0.01)
# Of policies α is a factor on what they draw with.
FACTORS = (1.0, 0.5, 2.0, 1.0, 0.0)
PROBS = (1.0, 0.5, 1.0, 1.0, 0.0)
FIXED_PAIRINGS = ("roll", "reverse", "self")
PAIRINGS = ("shuffle", "derangement", "roll", "reverse", "self", "function")
VIEWS = (None, "functions", None, "layers", None, None)
SIZES = (6, 5, 2, 6, 1, 5, 6)
DTYPES = (*("float32",) * 4, "mixed_float16", "mixed_bfloat16")
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight")
WEIGHTS = (None, "vector", "column", "steps", "classes", "vector")
DISTANCES = ("sqeuclidean", "euclidean", "cosine", "function")
SITES = ((0, 1), (1, 2), (0, 2), (0, 1, 2))
MASKS = (False, True)
