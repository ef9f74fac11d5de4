"""Performances and tunes <-> tokens -> more music. Inference is onnxruntime and numpy; only models/ knows torch."""
