-- Generated from data_contracts/products/rcs/indicator_comparisons.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

with estimates as (
    select
        cells.indicator_id,
        cells.instrument,
        cells.wave,
        cells.geography_level,
        cells.geography_code,
        cells.geography_name,
        cells.tranche,
        cells.group_by,
        cells.group_value,
        cells.collected,
        cells.estimate,
        cells.base,
        cells.weighted_base,
        cells.quality_flag,
        waves.position,
        {{ error_of('cells') }} as error
    from {{ ref('indicator_estimates') }} as cells
    inner join {{ ref('registered_waves') }} as waves
        on cells.wave = waves.wave
    where cells.geography_level in ('programme', 'tranche', 'cpp')
),

-- The partnerships behind a figure of a whole: another set of them is another whole.
members as (
    select
        indicator_id,
        wave,
        '' as tranche,
        {{ joined_list('geography_code') }} as partnerships
    from {{ ref('indicator_estimates') }}
    where geography_level = 'cpp' and group_by = 'all'
    group by indicator_id, wave
    union all
    select
        indicator_id,
        wave,
        tranche,
        {{ joined_list('geography_code') }} as partnerships
    from {{ ref('indicator_estimates') }}
    where geography_level = 'cpp' and group_by = 'all' and tranche is not null
    group by indicator_id, wave, tranche
),

-- Which wave was the last one before that the place had.
previous as (
    select
        later.indicator_id,
        later.geography_level,
        later.geography_code,
        later.group_by,
        later.group_value,
        later.position,
        max(earlier.position) as position_before
    from estimates as later
    inner join estimates as earlier
        on
            later.indicator_id = earlier.indicator_id
            and later.geography_level = earlier.geography_level
            and later.geography_code = earlier.geography_code
            and later.group_by = earlier.group_by
            and later.group_value = earlier.group_value
            and later.position > earlier.position
    group by
        later.indicator_id, later.geography_level, later.geography_code, later.group_by, later.group_value,
        later.position
),

waves_apart as (
    select
        later.*,
        'earlier_wave' as compared_with,
        earlier.wave as other_wave,
        earlier.geography_code as others,
        earlier.collected as other_collected,
        earlier.estimate as other_estimate,
        earlier.error as other_error,
        earlier.base as other_base,
        earlier.quality_flag as other_flag,
        -- The two are taken as independent samples, though some pupils may be in both.
        case
            when members_now.partnerships <> members_then.partnerships
                then 'other partnerships than in the wave before'
        end as other_places
    from previous
    inner join estimates as later
        on
            previous.position = later.position
            and previous.indicator_id = later.indicator_id
            and previous.geography_level = later.geography_level
            and previous.geography_code = later.geography_code
            and previous.group_by = later.group_by
            and previous.group_value = later.group_value
    inner join estimates as earlier
        on
            previous.position_before = earlier.position
            and later.indicator_id = earlier.indicator_id
            and later.geography_level = earlier.geography_level
            and later.geography_code = earlier.geography_code
            and later.group_by = earlier.group_by
            and later.group_value = earlier.group_value
    left join members as members_now
        on
            later.indicator_id = members_now.indicator_id
            and later.wave = members_now.wave
            and case later.geography_level when 'programme' then '' when 'tranche' then later.geography_code end
            = members_now.tranche
    left join members as members_then
        on
            earlier.indicator_id = members_then.indicator_id
            and earlier.wave = members_then.wave
            and case later.geography_level when 'programme' then '' when 'tranche' then later.geography_code end
            = members_then.tranche
),

wholes as (
    select *
    from estimates
    where geography_level in ('tranche', 'cpp')
),

-- Who is set against whom within a wave.
against as (
    select
        own.wave,
        own.geography_level,
        own.geography_code,
        other.geography_code as other_code,
        'other_tranches' as compared_with
    from (select distinct wave, geography_level, geography_code from wholes) as own
    inner join (select distinct wave, geography_level, geography_code from wholes) as other
        on own.wave = other.wave and own.geography_level = other.geography_level
    where own.geography_level = 'tranche' and own.geography_code <> other.geography_code
    union all
    select
        wave,
        geography_level,
        geography_code,
        other_code,
        'similar_cpps' as compared_with
    from {{ ref('similar_cpps') }}
    where is_similar
),

-- Others together: their weighted mean, the sizes of the places (their rolls) taken as known.
pooled as (
    select
        own.indicator_id,
        own.wave,
        own.geography_level,
        own.geography_code,
        own.group_by,
        own.group_value,
        against.compared_with,
        {{ joined_list('other.geography_code') }} as others,
        {{ joined_list('other.collected') }} as other_collected,
        {{ steady_sum('other.weighted_base * other.estimate') }} / nullif({{ steady_sum('other.weighted_base') }}, 0)
            as other_estimate,
        sqrt({{ steady_sum('power(other.weighted_base * other.error, 2)') }})
        / nullif({{ steady_sum('other.weighted_base') }}, 0) as other_error,
        sum(other.base) as other_base,
        max(other.quality_flag) as other_flag
    from wholes as own
    inner join against
        on
            own.wave = against.wave
            and own.geography_level = against.geography_level
            and own.geography_code = against.geography_code
    inner join wholes as other
        on
            against.other_code = other.geography_code
            and own.wave = other.wave
            and own.geography_level = other.geography_level
            and own.indicator_id = other.indicator_id
            and own.group_by = other.group_by
            and own.group_value = other.group_value
    group by
        own.indicator_id, own.wave, own.geography_level, own.geography_code, own.group_by, own.group_value,
        against.compared_with
),

places_apart as (
    select
        wholes.*,
        pooled.compared_with,
        pooled.wave as other_wave,
        pooled.others,
        pooled.other_collected,
        pooled.other_estimate,
        pooled.other_error,
        pooled.other_base,
        pooled.other_flag,
        cast(null as varchar) as other_places
    from wholes
    inner join pooled
        on
            wholes.indicator_id = pooled.indicator_id
            and wholes.wave = pooled.wave
            and wholes.geography_level = pooled.geography_level
            and wholes.geography_code = pooled.geography_code
            and wholes.group_by = pooled.group_by
            and wholes.group_value = pooled.group_value
),

paired as (
    select * from waves_apart
    union all
    select * from places_apart
),

broken as (
    select
        paired.*,
        paired.other_places is not null or breaks.reasons is not null as break_flag,
        case
            when breaks.reasons is null then paired.other_places
            when paired.other_places is null then breaks.reasons
            else breaks.reasons || '; ' || paired.other_places
        end as break_reason
    from paired
    left join {{ ref('wave_breaks') }} as breaks
        on
            paired.indicator_id = breaks.indicator_id
            and paired.wave = breaks.wave
            and paired.other_wave = breaks.other_wave
),

differing as (
    select
        broken.*,
        case when not break_flag then estimate - other_estimate end as difference,
        case when not break_flag then sqrt(error * error + other_error * other_error) end as difference_error,
        not break_flag and quality_flag is null and other_flag is null as testable
    from broken
),

scaled as (
    select
        *,
        case when testable then difference / nullif(difference_error, 0) end as z
    from differing
),

tested as (
    select
        *,
        case when z is not null then least(1.0, 2 * ({{ normal_above('abs(z)') }})) end as p_value
    from scaled
),

-- Every pair that may be compared counts, however few pupils it is of: the number of those tested would say who has few.
families as (
    select
        *,
        count(case when not break_flag then 1 end) over (partition by instrument, compared_with, wave, other_wave, geography_level, geography_code, group_by) as family_tests
    from tested
),

-- Benjamini and Hochberg (1995): p times the tests of the family over its place among them, never falling.
placed as (
    select
        *,
        p_value * family_tests / nullif(
            count(p_value) over (
                partition by instrument, compared_with, wave, other_wave, geography_level, geography_code, group_by order by p_value nulls last
                range between unbounded preceding and current row
            ), 0
        ) as stepped
    from families
),

adjusted as (
    select
        *,
        case
            when p_value is not null then least(1.0, min(stepped) over (
                partition by instrument, compared_with, wave, other_wave, geography_level, geography_code, group_by order by p_value nulls last
                range between current row and unbounded following
            ))
        end as adjusted_p_value
    from placed
),

told as (
    select
        adjusted.*,
        difference - {{ normal_975() }} * difference_error as difference_lower,
        difference + {{ normal_975() }} * difference_error as difference_upper,
        case
            when p_value is null then 'cannot_compare'
            when coalesce(adjusted_p_value, p_value) > 0.05 then 'similar'
            else {{ difference_word('difference', 'indicators.polarity') }}
        end as comparison
    from adjusted
    left join {{ ref('registered_indicators') }} as indicators
        on adjusted.indicator_id = indicators.indicator_id
)

select
    cast(indicator_id as varchar) as indicator_id,
    cast(instrument as varchar) as instrument,
    cast(wave as varchar) as wave,
    cast(geography_level as varchar) as geography_level,
    cast(geography_code as varchar) as geography_code,
    cast(geography_name as varchar) as geography_name,
    cast(tranche as varchar) as tranche,
    cast(group_by as varchar) as group_by,
    cast(group_value as varchar) as group_value,
    cast(collected as varchar) as collected,
    cast(compared_with as varchar) as compared_with,
    cast(other_wave as varchar) as other_wave,
    cast(others as varchar) as others,
    cast(other_collected as varchar) as other_collected,
    cast(estimate as double) as estimate,
    cast(base as integer) as base,
    cast(other_estimate as double) as other_estimate,
    cast(other_base as integer) as other_base,
    cast(break_flag as boolean) as break_flag,
    cast(break_reason as varchar) as break_reason,
    cast(difference as double) as difference,
    cast(difference_error as double) as difference_error,
    cast(difference_lower as double) as difference_lower,
    cast(difference_upper as double) as difference_upper,
    cast(z as double) as z,
    cast(p_value as double) as p_value,
    cast(family_tests as integer) as family_tests,
    cast(adjusted_p_value as double) as adjusted_p_value,
    cast(comparison as varchar) as comparison,
    cast(null as varchar) as symbol,
    cast(null as varchar) as release_version
from told
order by instrument, indicator_id, compared_with, wave, geography_level, geography_code, group_by, group_value
