"""Disclosure: candidate tables in, protected tables out, with the reason for every hidden cell.

Belongs here: which rows, columns and numbers an audience may see, and the audit that reads the written
files again as an attacker would.

Does not belong here: how a number is computed (`warehouse`), whether a candidate may be published (`gate`).

The room in walking order: a module of the choice, and after `|` its twin in the attack, which reads what was
written and shares no code with it. The room's own words are in `docs/glossary.md`.

Both read:
    engine          one connection, quoted names, the types of published columns
    earlier         what readers were given before, laid beside a candidate's rows

A table of an audience:
    protect | audit                 from the warehouse to a file for each audience; every file read again
    rules | audit_leaks             what a row says by itself, by the hide rules of its contract
    display                         figures rounded by the product's policy
    writing                         the columns as they are written, and the mask beside them
    places | audit_places           a folder for each place of an audience that is many
    shown                           what each audience sees of one row, and why a number is hidden

Linked tables, whose cells add up:
    tables | audit_linked           a table's cells, and what is hidden in them; the attack on them
    grid | audit_cells              places by groups, and the sums between them
    counts | audit_knowledge        bases and numerators as systems: rows, bounds and the width each must have
    linked                          bases first, then numerators: what is hidden at which step
    primary                         cells that are hidden for their own sake
    differencing | audit_means      sums in sight that say too much of the few who are left of them
    numerators                      numerators of several lines beside each other
    implied | audit_implied         what one question says of another
    figures | audit_weighted        rounded weighted figures, as rows of the systems
    ends | audit_ends               what they say of one another, carried through the sums

One system of hidden numbers:
    linear | attack                 rows and bounds, one optimum; how narrow an interval can be derived
    secondary                       what else to hide, until every hidden number has its width
    witness                         other worlds that prove a width
    propagate                       bounds that follow from single sums, in milliseconds
    near                            which numbers a move may touch first
    loosen                          hiding more where rounded figures bind

Beside earlier releases:
    beside | audit_linked_before    cells beside the rows of earlier releases
    changed | audit_moved           how far counts are from those of before
    keeping | audit_earlier         figures that stay as they were; what the old copies say
    same_rows | audit_same_pupils   hidden rows that would come or go; rows of the very same pupils

Money of providers:
    money_before | audit_money_before   maps that were given before
    audit_money, audit_money_together   who earns each line in sight; all breakdowns of a map at once

Bands of schools:
    school_bands, bands | audit_bands   from single schools to the bands that everybody sees of them
    band_ends | audit_band_ends     what bands of questions that contain one another say together
    school_cells, sizes                 their cells, numbered; what the kinds of bands tell of the answers
    worlds | audit_worlds               other worlds of a partnership; what can be wrong with them
    alone                           how far the bands of one school leave its answers open, exactly
"""
