"""One thread a test: the work is tiny, and threads that wait for each other take longer than the work."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
