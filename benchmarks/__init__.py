"""Benchmarks: the same work done by funnelsim and by other tools, in one run.

One thread for everybody: the thread counts of NumPy's linear algebra are set here, before NumPy
is loaded.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
