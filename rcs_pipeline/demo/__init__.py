"""Demo: synthetic deliveries of the whole programme, drawn to published figures.

Belongs here: schools from the published frame, pupils and answers drawn to `data_contracts/demo/`, the
files in the formats suppliers use, and defects planted on purpose.
Does not belong here: taking the files in (see `intake`). Nothing here is about a real pupil.
"""
