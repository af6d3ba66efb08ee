"""How fast the pipeline is, as ratios to the bare engine doing the same work by hand.

Belongs here: generated data and contracts of their own, measurements, bounds.
Does not belong here: anything that the pipeline imports, and tests of behaviour.
"""
