-- Generated from data_contracts/products/rcs/indicators.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

select
    cast(indicator_id as varchar) as indicator_id,
    cast(instrument as varchar) as instrument,
    cast(title as varchar) as title,
    cast(description as varchar) as description,
    cast(domain as varchar) as domain,
    cast(kind as varchar) as kind,
    cast(polarity as varchar) as polarity,
    cast(sensitive as boolean) as sensitive,
    cast(stages as varchar) as stages
from {{ ref('registered_indicators') }}
where
    indicator_id is not null
    and instrument is not null
    and title is not null
    and description is not null
    and domain is not null
    and kind is not null
    and polarity is not null
    and sensitive is not null
order by 1
