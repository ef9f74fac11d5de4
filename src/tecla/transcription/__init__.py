"""Waveform -> Performance: features, network, decoding."""

from tecla.transcription.transcriber import Transcriber

__all__ = ["Transcriber"]
