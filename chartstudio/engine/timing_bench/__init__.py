"""How good the tempo finder is: songs whose beats are known, and what is heard in them.

Run ``python -m chartstudio.engine.timing_bench --data ../shared/data``. Like training, this
is a client of the finder: it computes no onset and no tempo by a function of its own.
"""
