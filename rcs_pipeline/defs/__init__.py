"""Defs: what Dagster shows and starts. Thin: every asset calls one room and reports what came back.

Belongs here: assets, their checks, sensors, schedules and jobs; how a room's records become Dagster's
metadata; how long a run waits for the writer lock.

Does not belong here: decisions. A check shows a verdict that a room recorded; the gate stands in the
ledger, and the publishing asset asks it again, whatever Dagster believes.
"""
