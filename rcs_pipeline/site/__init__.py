"""Site: a release becomes pages that open from a folder, without a server or a network.

Belongs here: pages, their templates and their styles, made from nothing but a release folder.

Does not belong here: numbers that are not in the release (a page never holds something new), access
to the ledger or the warehouse, addresses of anything outside the folder.
"""
