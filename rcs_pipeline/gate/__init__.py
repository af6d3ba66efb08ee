"""Gate: verdicts collected, required, decided.

Belongs here: turning every kind of check into the one verdict shape, the list of checks that a candidate
needs, the decision whether it may be published, and the making of a candidate from build to verdicts.

Does not belong here: versions, approvals and pointers (`release`).
"""
