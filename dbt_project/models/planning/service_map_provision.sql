{{ config(materialized='table', schema='planning') }}

-- What the maps provide for each need and the ages of each survey. Internal: nothing is withheld here.
with summed as (
    select
        collection,
        need_type,
        instrument,
        case when min(reporting_year) = max(reporting_year) then min(reporting_year) end as price_year,
        count(distinct service_id) as services,
        count(distinct case when reach_year is not null then service_id end) as services_with_reach,
        count(distinct provider) as providers,
        sum(cast(gross_pence as hugeint) * weight * cut) as gross_parts,
        sum(cast(capacity as hugeint) * weight * cut) as capacity_parts,
        sum(cast(reach_year as hugeint) * weight * cut) as reach_parts
    from {{ ref('service_map_ages') }}
    where instrument is not null
    group by collection, need_type, instrument
)

select
    collection,
    need_type,
    instrument,
    price_year,
    services,
    services_with_reach,
    providers,
    round(cast(gross_parts as double) / 42000000000, 2) as spend,
    round(cast(capacity_parts as double) / 420000000) as capacity,
    round(cast(reach_parts as double) / 420000000) as reach_year
from summed
