"""One training as one program: a scan over epochs of a scan over steps."""

import functools
import time

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.evidence import measures
from benchmarks.evidence.search import network
from benchmarks.evidence.search import noise as noises
from benchmarks.evidence.search import views
from benchmarks.evidence.search.methods import METHODS
from benchmarks.evidence.search.methods import NONE
from benchmarks.evidence.search.sets import SETS

# Of the weights of one step before, in the moving average.
DECAY = 0.99


def work(job, source=None):
    """Trains once and measures, the work of a process of the pool.

    Args:
        job: A dict of `study`, `method`, `seed` and `epochs`.
        source: The file of images of CIFAR-10, where they are needed.
    """
    data, method = SETS[job["study"]], METHODS[job["method"]]
    split = data.load(job["seed"], source)
    start = time.perf_counter()
    result = trained(data, method, job["epochs"], job["seed"], split)
    weights = jax.block_until_ready(result)[0]
    seconds = time.perf_counter() - start
    p = np.exp(network.log_probabilities(weights, split.x_test))
    steps = job["epochs"] * (len(split.y) // data.batch_size)
    found = measures.classification(p, split.y_test)
    return {**job, **found, "ms": 1000 * seconds / steps}


def trained(data, method, epochs, seed, split):
    """Weights after the last epoch, the mean λ of each epoch and the gaps.

    Args:
        data: The `Set`.
        method: The `Method`.
        epochs: Number of epochs.
        seed: Seed of all that is drawn, the same for every method.
        split: The samples.
    """
    rule, count = method.rule, len(split.y)
    y = np.eye(data.classes, dtype="float32")[split.y]
    held = np.arange(count - (count // 10 if rule.holds_out else 0), count)
    run = functools.partial(_run, data, method, epochs, split.x, y, held)
    view = _teachers(data, rule.source, epochs, seed, split.x, y)
    rng = np.random.default_rng((seed, 0))
    result = run(rng, np.arange(len(y) - len(held)), view)
    if method.control and rule.holds_out:
        gaps = np.random.default_rng((seed, 1)).permutation(result[2])
        rng = np.random.default_rng((seed, 0))
        result = run(rng, np.arange(len(y) - len(held)), view, gaps)
    return result


def _run(data, method, epochs, x, y, held, rng, samples, view=None, gaps=None):
    sizes = (x.shape[1], *data.units, data.classes)
    weights = network.first_weights(rng, sizes)
    noise = noises.draw(rng, samples, epochs, data.batch_size)
    return compiled(data.rate, method)(weights, noise, x, y, held, view, gaps)


def _teachers(data, source, epochs, seed, x, y):
    if source not in ("other", "fold"):
        return None
    # As many steps, on as few samples.
    halves = np.array_split(np.arange(len(y)), 2 if source == "fold" else 1)
    epochs = max(1, epochs // 6) * len(halves)
    seen = []
    for number, half in enumerate(halves):
        rng = np.random.default_rng((seed, 2 + number))
        weights = _run(data, NONE, epochs, x, y, np.arange(0), rng, half)[0]
        seen.append(views.look(weights, x, y))
    return seen[0] if len(seen) == 1 else views.of_the_other_half(*seen, y)


@functools.cache
def compiled(rate, method):
    """The program of a method, for all seeds and sets of the same learning rate."""
    return jax.jit(functools.partial(train, rate, method))


def train(rate, method, weights, noise, x, y, held, view=None, gaps=None):
    """Weights after the last epoch, the mean λ of each epoch and the gaps.

    Args:
        rate: Learning rate of Adam.
        method: The `Method`.
        weights: Those to start from.
        noise: A `Noise`.
        x: Samples.
        y: Their labels, as one number a class.
        held: Indices of the samples that are held out.
        view: The view of another network. By default this one is looked through at
            the start of each epoch.
        gaps: Those of the epochs, by default as they are.
    """
    epochs, steps, _ = noise.order.shape
    rule = method.rule
    last = epochs - (max(1, epochs // 6) if method.cooldown else 0)

    def epoch(state, inputs):
        noise, gap = inputs
        weights, _, average = state
        seen = view or views.look(average if average else weights, x, y)
        if held.size and gaps is None:
            ours = seen.loss.at[held].set(0).sum() / (len(y) - held.size)
            gap = seen.loss[held].mean() - ours

        def step(state, inputs):
            noise, number = inputs
            weights, moments, average = state
            part = noise.order
            batch = (x[part], y[part], noise.partners)
            mine = jax.tree.map(lambda values: values[part], seen)
            lam = lambdas(method, mine, gap, weights, *batch, noise)
            lam = jnp.where(noise.epoch < last, lam, 1.0)
            gradients = jax.grad(_mean_loss)(weights, *batch, lam)
            weights, moments = network.adam(weights, moments, gradients, number, rate)
            if average:
                average = jax.tree.map(
                    lambda a, w: DECAY * a + (1 - DECAY) * w, average, weights
                )
            return (weights, moments, average), lam.mean()

        noise = noise._replace(epoch=jnp.full(steps, noise.epoch))
        numbers = noise.epoch * steps + jnp.arange(1.0, steps + 1)
        state, lams = jax.lax.scan(step, state, (noise, numbers))
        return state, (lams.mean(), gap)

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, (zeros, zeros), weights if rule.source == "average" else None)
    gaps_or_none = jnp.zeros(epochs) if gaps is None else gaps
    (weights, *_), (lams, gaps) = jax.lax.scan(epoch, state, (noise, gaps_or_none))
    return weights, lams, gaps


def lambdas(method, view, gap, weights, x, y, partners, noise):
    """The λ of the pairs of a batch, which a control permutes.

    Args:
        method: The `Method`.
        view: View of the samples of the batch.
        gap: The gap of the epoch.
        weights: Those of the network as it is.
        x: The samples of the batch.
        y: Their labels, as one number a class.
        partners: The place in the batch of each partner.
        noise: The `Noise` of the step.
    """
    known, draw = views.known_of(view, gap, weights, x, y, partners, noise.uniforms)
    lam = method.rule.lam(known, draw)
    # A rule that knows the gap alone has one concentration for all pairs.
    return lam[noise.shuffle] if method.control and not method.rule.holds_out else lam


def _mean_loss(weights, x, y, partners, lam):
    log_p = network.log_probabilities(weights, network.mixed(x, partners, lam))
    return network.cross_entropy(log_p, network.mixed(y, partners, lam)).mean()
