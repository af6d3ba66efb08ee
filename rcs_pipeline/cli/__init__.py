"""The `rcs` command. Thin: it parses words, calls a room, and prints the result.

Belongs here: verbs, options, exit codes, how a result looks on a terminal.
Does not belong here: decisions, SQL, files. Heavy packages are imported by the rooms, where used, so
that `rcs --help` answers at once.
"""
