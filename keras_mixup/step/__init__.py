"""What a layer tells the loss of its step. Layers and losses meet here alone."""
