{{ config(materialized='table') }}

-- Who answered, of those on the roll, by place and group; and how much of what is known about them was allocated.
{% set instruments = {
    'primary': {'pupils': 'pupils_wellbeing_primary', 'stages': ['P5', 'P6', 'P7']},
    'secondary': {'pupils': 'pupils_wellbeing_secondary', 'stages': ['S1', 'S2', 'S3', 'S4']},
} -%}
{% set levels = [
    ('programme', "'rcs'"), ('tranche', 'cells.tranche'), ('cpp', 'cells.cpp_code'), ('school', 'cells.school_code'),
] -%}
with counted as (
    {% for instrument, given in instruments.items() %}
        select
            '{{ instrument }}' as instrument,
            collection,
            school_code,
            stage,
            sex,
            count(*) as respondents,
            sum(case when sex__allocated then 1 else 0 end) as sex_allocated,
            sum(case when simd_quintile__allocated then 1 else 0 end) as simd_allocated,
            sum(case when linked = 1 then 1 else 0 end) as linked
        from {{ ref(given.pupils) }}
        group by collection, school_code, stage, sex
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

rolls as (
    {% for instrument, given in instruments.items() %}
        select
            '{{ instrument }}' as instrument,
            collection,
            school_code,
            stage,
            sex,
            sum(pupils) as roll
        from {{ ref('stg_school_roll') }}
        where stage in (
                '{{ given.stages | join("', '") }}'
            )
        group by collection, school_code, stage, sex
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- The roll of a partnership counts only where that partnership took part with this instrument.
surveyed as (
    select distinct
        instrument,
        collection
    from counted
),

joined as (
    select
        coalesce(counted.instrument, rolls.instrument) as instrument,
        coalesce(counted.collection, rolls.collection) as collection,
        coalesce(counted.school_code, rolls.school_code) as school_code,
        coalesce(counted.stage, rolls.stage) as stage,
        case coalesce(counted.sex, rolls.sex) when 1 then 'female' when 2 then 'male' end as sex,
        rolls.roll,
        coalesce(counted.respondents, 0) as respondents,
        coalesce(counted.sex_allocated, 0) as sex_allocated,
        coalesce(counted.simd_allocated, 0) as simd_allocated,
        coalesce(counted.linked, 0) as linked
    from counted
    full outer join rolls
        on
            counted.instrument = rolls.instrument
            and counted.collection = rolls.collection
            and counted.school_code = rolls.school_code
            and counted.stage = rolls.stage
            and counted.sex = rolls.sex
),

cells as (
    select
        joined.*,
        registered.wave,
        registered.tranche,
        registered.cpp_code,
        registered.collected
    from joined
    inner join surveyed
        on joined.instrument = surveyed.instrument and joined.collection = surveyed.collection
    left join {{ ref('registered_collections') }} as registered
        on joined.collection = registered.collection
),

grouped as (
    {% for level, code in levels %}
        select
            cells.instrument,
            cells.wave,
            '{{ level }}' as geography_level,
            {{ code }} as geography_code,
            {{ 'cast(null as varchar)' if level == 'programme' else 'max(cells.tranche)' }} as tranche,
            {{ 'max(cells.collection)' if level in ('cpp', 'school') else 'cast(null as varchar)' }} as collection,
            min(cells.collected) as first_collected,
            max(cells.collected) as last_collected,
            case
                when grouping(cells.stage) = 1 and grouping(cells.sex) = 1 then 'all'
                when grouping(cells.stage) = 1 then 'sex'
                else 'stage'
            end as group_by,
            case
                when grouping(cells.stage) = 1 and grouping(cells.sex) = 1 then 'all'
                when grouping(cells.stage) = 1 then cells.sex
                else cells.stage
            end as group_value,
            sum(cells.roll) as roll,
            sum(cells.respondents) as respondents,
            sum(cells.sex_allocated) as sex_allocated,
            sum(cells.simd_allocated) as simd_allocated,
            sum(cells.linked) as linked
        from cells
        group by
            grouping sets (
                (cells.instrument, cells.wave, {{ code }}),
                (cells.instrument, cells.wave, {{ code }}, cells.stage),
                (cells.instrument, cells.wave, {{ code }}, cells.sex)
            )
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    cast(grouped.instrument as varchar) as instrument,
    cast(grouped.wave as varchar) as wave,
    cast(grouped.geography_level as varchar) as geography_level,
    cast(grouped.geography_code as varchar) as geography_code,
    cast(coalesce(places.geography_name, grouped.geography_code) as varchar) as geography_name,
    cast(grouped.tranche as varchar) as tranche,
    cast(grouped.collection as varchar) as collection,
    cast(
        case
            when grouped.first_collected = grouped.last_collected then grouped.first_collected
            else grouped.first_collected || ' to ' || grouped.last_collected
        end as varchar
    ) as collected,
    cast(grouped.group_by as varchar) as group_by,
    cast(grouped.group_value as varchar) as group_value,
    cast(grouped.roll as integer) as roll,
    cast(grouped.respondents as integer) as respondents,
    cast(grouped.respondents as double) / nullif(grouped.roll, 0) as response_rate,
    cast(null as varchar) as symbol,
    cast(grouped.sex_allocated as double) / nullif(grouped.respondents, 0) as sex_allocated_share,
    cast(grouped.simd_allocated as double) / nullif(grouped.respondents, 0) as simd_allocated_share,
    cast(grouped.linked as double) / nullif(grouped.respondents, 0) as linked_share
from grouped
left join {{ ref('geographies') }} as places
    on grouped.geography_level = places.geography_level and grouped.geography_code = places.geography_code
where grouped.group_value is not null and grouped.geography_code is not null
order by instrument, wave, geography_level, geography_code, group_by, group_value
