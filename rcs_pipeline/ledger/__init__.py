"""Ledger: where things are, who may write, and what happened and was decided.

Belongs here: settings, the folders under `RCS_HOME`, locks, and the database of receipts, candidates,
verdicts, plans, approvals, releases and audit events.

Does not belong here: judging a file, building a table, deciding a gate. Other rooms decide; this one
remembers.
"""
