{{ config(materialized='table', schema='planning') }}

-- The parts of `service_map_shares` once more, each cut into what is for the ages of the surveys (`instrument`) and
-- what is for the other ages of its stage of life (none). What a service does for a stage is spread evenly over its
-- ages there, over all ages of the stage where its ages lie outside. A part is `weight` times `cut` 420ths of a
-- service: 420 can be divided by every number of years of a stage, so sums stay whole.
with spread as (
    select
        shares.*,
        ages.instrument as surveyed_by,
        case
            when ages.instrument is null then 0
            when least(shares.age_to, ages.stage_to) < greatest(shares.age_from, ages.stage_from)
                then (ages.age_to - ages.age_from + 1) * (420 // (ages.stage_to - ages.stage_from + 1))
            else
                greatest(
                    0,
                    least(shares.age_to, ages.age_to) - greatest(shares.age_from, ages.age_from) + 1
                ) * (420 // (least(shares.age_to, ages.stage_to) - greatest(shares.age_from, ages.stage_from) + 1))
        end as met
    from {{ ref('service_map_shares') }} as shares
    left join {{ ref('surveyed_ages') }} as ages on shares.stage_group = ages.stage_group
),

cut_in_two as (
    select
        *,
        surveyed_by as instrument,
        met as cut
    from spread
    union all
    select
        *,
        cast(null as varchar) as instrument,
        420 - met as cut
    from spread
)

select * exclude (surveyed_by, met)
from cut_in_two
where cut > 0
