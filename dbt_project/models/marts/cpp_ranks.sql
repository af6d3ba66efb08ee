-- Generated from data_contracts/products/rcs/cpp_ranks.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

with cells as (
    select
        estimates.indicator_id,
        estimates.instrument,
        estimates.wave,
        estimates.geography_level,
        estimates.geography_code,
        estimates.geography_name,
        estimates.collected,
        estimates.group_by,
        estimates.group_value,
        estimates.estimate,
        estimates.base,
        estimates.quality_flag,
        {{ error_of('estimates') }} as error,
        case when indicators.polarity = 'neither' then 'highest_first' else 'best_first' end as ranked_by,
        -- The more the better; beyond twelve places two estimates are the same.
        round(case when indicators.polarity = 'lower_is_better' then -1 else 1 end * estimates.estimate, 12) as merit
    from {{ ref('indicator_estimates') }} as estimates
    left join {{ ref('registered_indicators') }} as indicators
        on estimates.indicator_id = indicators.indicator_id
    where estimates.geography_level = 'cpp' and estimates.group_by = 'all' and estimates.estimate is not null
),

pairs as (
    select
        own.indicator_id,
        own.wave,
        own.geography_code,
        other.geography_code as other_code,
        case when other.merit > own.merit then 1 else 0 end as other_is_above,
        -- A caution about one of the two leaves their order open.
        case
            when own.quality_flag is null and other.quality_flag is null
                then (other.merit - own.merit) / nullif(sqrt(own.error * own.error + other.error * other.error), 0)
        end as z
    from cells as own
    inner join cells as other
        on own.indicator_id = other.indicator_id and own.wave = other.wave
    where own.geography_code <> other.geography_code
),

-- One-sided: is the other one above? The family is every ordered pair of one indicator and wave.
tested as (
    select
        *,
        case when z is not null then {{ normal_above('z') }} end as p_value
    from pairs
),

-- Holm (1979): the smallest p times all tests, the next times one fewer, never falling.
stepped as (
    select
        *,
        p_value * (
            count(p_value) over (partition by indicator_id, wave) + 1
            - row_number() over (
                partition by indicator_id, wave order by p_value nulls last, geography_code, other_code
            )
        ) as step
    from tested
),

decided as (
    select
        *,
        max(step) over (
            partition by indicator_id, wave order by p_value nulls last, geography_code, other_code
            rows between unbounded preceding and current row
        ) <= 0.05 and p_value is not null as surely_above
    from stepped
),

-- Each ordered pair stands once: seen from below it says who is above, seen from above who is below.
above as (
    select
        indicator_id,
        wave,
        geography_code,
        count(*) + 1 as places,
        sum(other_is_above) as above_it,
        sum(case when surely_above then 1 else 0 end) as surely_above_it,
        {{ joined_list('other_code') }} as others
    from decided
    group by indicator_id, wave, geography_code
),

below as (
    select
        indicator_id,
        wave,
        other_code as geography_code,
        sum(case when surely_above then 1 else 0 end) as surely_below_it
    from decided
    group by indicator_id, wave, other_code
),

told as (
    select
        cells.*,
        1 + above.above_it as place,
        1 + above.surely_above_it as place_lower,
        above.places - below.surely_below_it as place_upper,
        above.places,
        above.others,
        case when above.places is null then 'z' end as symbol
    from cells
    left join above
        on
            cells.indicator_id = above.indicator_id
            and cells.wave = above.wave
            and cells.geography_code = above.geography_code
    left join below
        on
            cells.indicator_id = below.indicator_id
            and cells.wave = below.wave
            and cells.geography_code = below.geography_code
)

select
    cast(indicator_id as varchar) as indicator_id,
    cast(instrument as varchar) as instrument,
    cast(wave as varchar) as wave,
    cast(geography_level as varchar) as geography_level,
    cast(geography_code as varchar) as geography_code,
    cast(geography_name as varchar) as geography_name,
    cast(collected as varchar) as collected,
    cast(group_by as varchar) as group_by,
    cast(group_value as varchar) as group_value,
    cast(estimate as double) as estimate,
    cast(base as integer) as base,
    cast(quality_flag as varchar) as quality_flag,
    cast(ranked_by as varchar) as ranked_by,
    cast(place as integer) as place,
    cast(place_lower as integer) as place_lower,
    cast(place_upper as integer) as place_upper,
    cast(places as integer) as places,
    cast(others as varchar) as others,
    cast(symbol as varchar) as symbol,
    cast(null as varchar) as release_version
from told
order by instrument, indicator_id, wave, place, geography_code
