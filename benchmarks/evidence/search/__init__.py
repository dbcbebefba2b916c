"""Which rule for λ, if any, is worth more than plain mixup and than its control.

Many rules on small networks, each beside the same λ assigned to the pairs at random.
A run on some seeds chooses; what is claimed comes from a run on others.
"""
