-- Generated from data_contracts/products/rcs/indicator_trends.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

with series as (
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
        cells.quality_flag,
        waves.position,
        {{ error_of('cells') }} as error,
        coalesce(steps.break_flag, false) as break_flag,
        steps.break_reason,
        cells.quality_flag is null as usable
    from {{ ref('indicator_estimates') }} as cells
    inner join {{ ref('registered_waves') }} as waves
        on cells.wave = waves.wave
    left join {{ ref('indicator_comparisons') }} as steps
        on
            steps.compared_with = 'earlier_wave'
            and cells.indicator_id = steps.indicator_id
            and cells.wave = steps.wave
            and cells.geography_level = steps.geography_level
            and cells.geography_code = steps.geography_code
            and cells.group_by = steps.group_by
            and cells.group_value = steps.group_value
    where cells.geography_level in ('programme', 'tranche', 'cpp')
),

-- An unbroken run of waves; the register's order of waves is the scale of time.
runs as (
    select
        *,
        sum(case when break_flag then 1 else 0 end) over (
            partition by indicator_id, geography_level, geography_code, group_by, group_value order by position
        ) as run
    from series
),

timed as (
    select
        *,
        position - min(position) over (
            partition by indicator_id, geography_level, geography_code, group_by, group_value, run
        ) as moment,
        1 / nullif(error * error, 0) as sureness
    from runs
),

-- Sums of the waves of the run up to this one, each weighted by how sure it is.
summed as (
    select
        *,
        count(*) over unbroken as waves_in_run,
        min(case when usable and sureness is not null then 1 else 0 end) over unbroken = 1 as all_usable,
        string_agg(wave, ', ') over unbroken as waves,
        cast(sum(cast(sureness as decimal(38, 15))) over unbroken as double) as sw,
        cast(sum(cast(sureness * moment as decimal(38, 15))) over unbroken as double) as swx,
        cast(sum(cast(sureness * estimate as decimal(38, 15))) over unbroken as double) as swy,
        cast(sum(cast(sureness * moment * moment as decimal(38, 15))) over unbroken as double) as swxx,
        cast(sum(cast(sureness * moment * estimate as decimal(38, 15))) over unbroken as double) as swxy
    from timed
    window unbroken as (
        partition by indicator_id, geography_level, geography_code, group_by, group_value, run
        order by position rows between unbounded preceding and current row
    )
),

fitted as (
    select
        *,
        case
            when waves_in_run >= 3 and all_usable
                then (sw * swxy - swx * swy) / nullif(sw * swxx - swx * swx, 0)
        end as change_per_wave,
        case
            when waves_in_run >= 3 and all_usable
                then sqrt(sw / nullif(sw * swxx - swx * swx, 0))
        end as change_error
    from summed
),

tested as (
    select
        *,
        change_per_wave - {{ normal_975() }} * change_error as change_lower,
        change_per_wave + {{ normal_975() }} * change_error as change_upper,
        case
            when change_per_wave is not null
                then least(1.0, 2 * ({{ normal_above('abs(change_per_wave / nullif(change_error, 0))') }}))
        end as p_value
    from fitted
),

told as (
    select
        tested.*,
        case
            when p_value is null then 'cannot_compare'
            when p_value > 0.05 then 'similar'
            else {{ difference_word('change_per_wave', 'indicators.polarity') }}
        end as direction
    from tested
    left join {{ ref('registered_indicators') }} as indicators
        on tested.indicator_id = indicators.indicator_id
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
    cast(estimate as double) as estimate,
    cast(base as integer) as base,
    cast(break_flag as boolean) as break_flag,
    cast(break_reason as varchar) as break_reason,
    cast(waves_in_run as integer) as waves_in_run,
    cast(waves as varchar) as waves,
    cast(change_per_wave as double) as change_per_wave,
    cast(change_error as double) as change_error,
    cast(change_lower as double) as change_lower,
    cast(change_upper as double) as change_upper,
    cast(p_value as double) as p_value,
    cast(direction as varchar) as direction,
    cast(null as varchar) as symbol,
    cast(null as varchar) as release_version
from told
order by instrument, indicator_id, geography_level, geography_code, group_by, group_value, wave
