"""Warehouse: the raw lake and the dbt build.

Belongs here: SQL made from contracts, assembling and running the dbt project, and how a candidate
comes to be and gets its name.

Does not belong here: judging deliveries (`intake`), hiding cells (`disclosure`), verdicts (`gate`).
"""
