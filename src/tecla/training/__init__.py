"""Learning: corpora -> examples -> loop -> weights. Torch lives here and in models."""
