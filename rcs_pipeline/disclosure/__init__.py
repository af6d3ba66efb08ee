"""Disclosure: candidate tables in, protected tables out, with the reason for every hidden cell.

Belongs here: which rows, columns and numbers an audience may see, and the audit that reads the written
files again as an attacker would.

Does not belong here: how a number is computed (`warehouse`), whether a candidate may be published (`gate`).
"""
