"""Trained networks as ONNX graphs, each with a card of what it is, learned from and is worth."""
