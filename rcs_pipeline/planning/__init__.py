"""Planning: what the maps of services say about where the money goes, and what a change would do.

Belongs here: scenarios worked out, maps matched to the register of services, questions that partnerships ask.
Does not belong here: building the warehouse (`warehouse`), hiding cells (`disclosure`), pages (`site`).
"""
