"""Planning: what the maps of services say about where the money goes, and later what a change would do.

Belongs here: questions that partnerships ask of the maps, answered from product tables.
Does not belong here: building those tables (`warehouse`), hiding cells (`disclosure`), pages (`site`).
"""
