"""Trained networks as ONNX graphs, each with a card of what it is, learned from and is worth."""

from typing import Final

TRANSCRIBERS: Final = ("default", "small", "int8", "free")  # the piano's, by name; default is transcriber.onnx, NAME transcriber-NAME.onnx
