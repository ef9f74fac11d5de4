"""tecla listens to a piano, writes down what it heard, and can go on playing."""
