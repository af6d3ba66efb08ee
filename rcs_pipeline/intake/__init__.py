"""Intake: a delivered file in; accepted rows, quarantined rows, findings and a receipt out.

Belongs here: the path of a delivery: `recognise` -> `readers` -> `align` -> `load` (typed and pseudonymised
in one scan) -> `screen` and `rules` -> `store` -> the receipt (`delivery`). `inbox` finds the files, `report`
says the result to a person.

Does not belong here: code for one particular file (that is a contract), anything that combines
deliveries into tables (see `warehouse`).
"""
