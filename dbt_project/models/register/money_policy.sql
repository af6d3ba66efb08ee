-- Generated from data_contracts/products/rcs by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', database='scratch') }}

select *
from (
    values
    (3, cast(0.9 as double))
) as entries (minimum_providers, dominant_share)
