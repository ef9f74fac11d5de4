"""To ear and eye: a Performance as sound, as a piano roll, beside its reference."""
