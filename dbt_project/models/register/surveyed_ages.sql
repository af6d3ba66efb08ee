-- Generated from data_contracts/planning/needs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', database='scratch') }}

select *
from (
    values
    ('primary', 'primary', 9, 11, 5, 11),
    ('secondary', 'secondary', 12, 15, 12, 17)
) as entries (instrument, stage_group, age_from, age_to, stage_from, stage_to)
