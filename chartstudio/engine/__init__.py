"""The only code that knows torch: hearing, drafting, tempo finding, training."""

import os

# Before torch loads its thread pool: threads that wait by spinning starve the window and one
# another. Beside a second busy process a draft took ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
