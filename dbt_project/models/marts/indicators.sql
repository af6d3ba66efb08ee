-- Generated from data_contracts/products/rcs/indicators.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

select
    cast(indicator_id as varchar) as indicator_id,
    cast(instrument as varchar) as instrument,
    cast(title as varchar) as title,
    cast(description as varchar) as description,
    cast(domain as varchar) as domain,
    cast(topic as varchar) as topic,
    cast(shanarri as varchar) as shanarri,
    cast(kind as varchar) as kind,
    cast(unit as varchar) as unit,
    cast(polarity as varchar) as polarity,
    cast(sensitive as boolean) as sensitive,
    cast(stages as varchar) as stages,
    cast(versions as varchar) as versions,
    cast(scoring as varchar) as scoring,
    cast(verified as boolean) as verified,
    cast(breaks as varchar) as breaks
from {{ ref('registered_indicators') }}
where
    indicator_id is not null
    and instrument is not null
    and title is not null
    and description is not null
    and domain is not null
    and topic is not null
    and shanarri is not null
    and kind is not null
    and unit is not null
    and polarity is not null
    and sensitive is not null
    and stages is not null
    and versions is not null
order by 1
