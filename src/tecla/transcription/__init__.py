"""Waveform -> Performance: features, network, decoding."""
