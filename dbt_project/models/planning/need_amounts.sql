{{ config(materialized='view', schema='planning') }}

-- What each provider earns by a need and the ages of a survey, as a line of what is spent on the need.
select
    collection,
    need_type as breakdown_by,
    instrument as breakdown_value,
    'gross' as measure,
    'all' as margin,
    provider,
    sum(cast(gross_pence as hugeint) * weight * cut) as amount
from {{ ref('service_map_ages') }}
group by all
