"""A training on disk, to go on with where it ended."""

import json
import pathlib


class Checkpoint:
    """The weights of one training, of its optimizer, too, and its epoch.

    Args:
        folder: Where it is. It holds one training, the last that was saved.
        job: What tells the training from others, a dict.
    """

    def __init__(self, folder, job):
        self.folder, self.job = pathlib.Path(folder), job
        self.state = self.folder / "state.json"

    def save(self, training, epoch):
        """Saves a training that has had a number of epochs."""
        weights = self.folder / f"{epoch}.weights.h5"
        training.model.save_weights(weights)
        seconds = training.times.seconds
        state = {"job": self.job, "epoch": epoch, "seconds": seconds}
        # Renamed into place, so that a state is whole, and its weights are there.
        fresh = self.state.with_suffix(".new")
        fresh.write_text(json.dumps({**state, "weights": weights.name}), "utf-8")
        fresh.replace(self.state)
        for other in set(self.folder.glob("*.weights.h5")) - {weights}:
            other.unlink()

    def restore(self, training):
        """Returns the epochs that a training has had, and makes it as it was then."""
        if not self.state.exists():
            return 0
        state = json.loads(self.state.read_text("utf-8"))
        if state["job"] != self.job:
            return 0
        model = training.model
        # An optimizer that has no variables yet would be left as it is.
        model.optimizer.build(model.trainable_variables)
        model.load_weights(self.folder / state["weights"])
        training.times.seconds = state["seconds"]
        training.estimate(state["epoch"])
        return state["epoch"]
