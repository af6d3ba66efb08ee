-- Generated from the register by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', database='scratch') }}

select *
from (
    values
    ('rcs-1', 'First survey of each partnership', 1),
    ('frame-2019', 'Frame of schools of September 2019', 2)
) as entries (wave, title, position)
