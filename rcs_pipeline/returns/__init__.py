"""What goes back to the sender: templates to fill in, annotated returns, pages, a first summary.

Belongs here: workbooks, pages and lists made from a contract or from a judged delivery, for people.
Does not belong here: judging a file or storing its rows (see `intake`).
"""
