"""python -m tecla.cli: the command line without its console script."""

from tecla.cli import main

main()
