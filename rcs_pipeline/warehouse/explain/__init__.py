"""One published number, made again from the pupils as a person would check it by hand.

Belongs here: finding which number is meant, counting its pupils in plain SQL, the arithmetic from schools to
interval, and saying where the result and the published row agree.

Does not belong here: the macros that make the estimates (dbt_project/macros), nor their sums: nothing of them
is used, so that a mistake there shows up here. What an audience sees of the number is `disclosure`.
"""
