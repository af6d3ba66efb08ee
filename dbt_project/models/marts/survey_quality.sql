-- Generated from data_contracts/products/rcs/survey_quality.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

with counted as (
    select
        'primary' as instrument,
        long.*
    from (
        {{ unpivoted(
            relation=ref('quality_sums_wellbeing_primary'),
            keys=['wave', 'tranche', 'collected', 'collection', 'cpp_code', 'school'],
            columns=['measure', 'subject', 'title', 'base', 'numerator'],
            rows=[
                ("'straight_lined'", "'primary_low_mood'", "'Low mood'", 'straight_lined__primary_low_mood__base', 'straight_lined__primary_low_mood__numerator'),
                ("'allocated'", "'sex'", "'Sex as recorded by the council, else as answered; a missing code where it is not known'", 'allocated__sex__base', 'allocated__sex__numerator'),
                ("'allocated'", "'simd_quintile'", "'Linked. SIMD quintile of the home''s area, 1 the most deprived'", 'allocated__simd_quintile__base', 'allocated__simd_quintile__numerator'),
                ("'allocated'", "'urban_rural'", "'Linked. Eight-fold urban-rural class of the home''s area'", 'allocated__urban_rural__base', 'allocated__urban_rural__numerator'),
                ("'allocated'", "'additional_needs'", "'Linked. Whether an additional support need is recorded'", 'allocated__additional_needs__base', 'allocated__additional_needs__numerator'),
                ("'allocated'", "'free_meals'", "'Linked. Whether the pupil is registered for free school meals'", 'allocated__free_meals__base', 'allocated__free_meals__numerator'),
                ("'linked'", "'all'", "'Whether the council could link the answers to its records'", 'linked__all__base', 'linked__all__numerator'),
                ("'speeders'", "'all'", "'Took less than 3 minutes'", 'speeders__all__base', 'speeders__all__numerator'),
            ],
        ) }}
    ) as long

    union all
    select
        'secondary' as instrument,
        long.*
    from (
        {{ unpivoted(
            relation=ref('quality_sums_wellbeing_secondary'),
            keys=['wave', 'tranche', 'collected', 'collection', 'cpp_code', 'school'],
            columns=['measure', 'subject', 'title', 'base', 'numerator'],
            rows=[
                ("'straight_lined'", "'sdq'", "'SDQ, all 25 items'", 'straight_lined__sdq__base', 'straight_lined__sdq__numerator'),
                ("'straight_lined'", "'kidscreen_10'", "'KIDSCREEN-10, all items'", 'straight_lined__kidscreen_10__base', 'straight_lined__kidscreen_10__numerator'),
                ("'allocated'", "'sex'", "'Sex as recorded by the council, else as answered; a missing code where it is not known'", 'allocated__sex__base', 'allocated__sex__numerator'),
                ("'allocated'", "'simd_quintile'", "'Linked. SIMD quintile of the home''s area, 1 the most deprived'", 'allocated__simd_quintile__base', 'allocated__simd_quintile__numerator'),
                ("'allocated'", "'urban_rural'", "'Linked. Eight-fold urban-rural class of the home''s area'", 'allocated__urban_rural__base', 'allocated__urban_rural__numerator'),
                ("'allocated'", "'additional_needs'", "'Linked. Whether an additional support need is recorded'", 'allocated__additional_needs__base', 'allocated__additional_needs__numerator'),
                ("'allocated'", "'free_meals'", "'Linked. Whether the pupil is registered for free school meals'", 'allocated__free_meals__base', 'allocated__free_meals__numerator'),
                ("'linked'", "'all'", "'Whether the council could link the answers to its records'", 'linked__all__base', 'linked__all__numerator'),
                ("'speeders'", "'all'", "'Took less than 3 minutes'", 'speeders__all__base', 'speeders__all__numerator'),
            ],
        ) }}
    ) as long

    
),

shares as (
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        measure,
        subject,
        title,

        cast(sum(base) as bigint) as base,
        cast(sum(numerator) as bigint) as numerator,
        cast(sum(numerator) as double) / nullif(sum(base), 0) as value,
        'fraction of pupils' as unit
    from counted
    where 'rcs' is not null
    group by instrument, wave, 'rcs', measure, subject, title

    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        measure,
        subject,
        title,

        cast(sum(base) as bigint) as base,
        cast(sum(numerator) as bigint) as numerator,
        cast(sum(numerator) as double) / nullif(sum(base), 0) as value,
        'fraction of pupils' as unit
    from counted
    where tranche is not null
    group by instrument, wave, tranche, measure, subject, title

    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        measure,
        subject,
        title,

        cast(sum(base) as bigint) as base,
        cast(sum(numerator) as bigint) as numerator,
        cast(sum(numerator) as double) / nullif(sum(base), 0) as value,
        'fraction of pupils' as unit
    from counted
    where cpp_code is not null
    group by instrument, wave, cpp_code, measure, subject, title

    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        measure,
        subject,
        title,

        cast(sum(base) as bigint) as base,
        cast(sum(numerator) as bigint) as numerator,
        cast(sum(numerator) as double) / nullif(sum(base), 0) as value,
        'fraction of pupils' as unit
    from counted
    where school is not null
    group by instrument, wave, school, measure, subject, title

    
),

taken_1 as (
    select
        'primary' as instrument, 'minutes' as unit,
        wave, tranche, collected, collection, design_cpp as cpp_code, design_school as school,
        cast(minutes_taken as double) as taken,
        count(*) as pupils
    from {{ ref('pupils_wellbeing_primary') }}
    where minutes_taken is not null
    group by wave, tranche, collected, collection, design_cpp, design_school, minutes_taken
),

taken_2 as (
    select
        'secondary' as instrument, 'minutes' as unit,
        wave, tranche, collected, collection, design_cpp as cpp_code, design_school as school,
        cast(minutes_taken as double) as taken,
        count(*) as pupils
    from {{ ref('pupils_wellbeing_secondary') }}
    where minutes_taken is not null
    group by wave, tranche, collected, collection, design_cpp, design_school, minutes_taken
),

taken as (
    select * from taken_1
    union all
    select * from taken_2

),

times as (
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        unit,
        taken,

        cast(sum(pupils) as bigint) as pupils
    from taken
    where 'rcs' is not null
    group by instrument, wave, 'rcs', unit, taken

    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        unit,
        taken,

        cast(sum(pupils) as bigint) as pupils
    from taken
    where tranche is not null
    group by instrument, wave, tranche, unit, taken

    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        unit,
        taken,

        cast(sum(pupils) as bigint) as pupils
    from taken
    where cpp_code is not null
    group by instrument, wave, cpp_code, unit, taken

    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        unit,
        taken,

        cast(sum(pupils) as bigint) as pupils
    from taken
    where school is not null
    group by instrument, wave, school, unit, taken

    
),

-- A quartile is the shortest time within which that share of the pupils was done.
ranked as (
    select
        *,
        sum(pupils) over (partition by instrument, wave, geography_level, geography_code) as base,
        sum(pupils) over (
            partition by instrument, wave, geography_level, geography_code order by taken
            rows between unbounded preceding and current row
        ) as reached
    from times
),

quartiles as (
    select
        instrument, wave, geography_level, geography_code, max(tranche) as tranche, max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        'completion_time' as measure, 'lower_quartile' as subject, 'Time taken: lower quartile' as title,
        cast(max(base) as bigint) as base, cast(null as bigint) as numerator,
        min(case when reached >= 0.25 * base then taken end) as value, max(unit) as unit
    from ranked
    group by instrument, wave, geography_level, geography_code
    union all
    select
        instrument, wave, geography_level, geography_code, max(tranche) as tranche, max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        'completion_time' as measure, 'median' as subject, 'Time taken: median' as title,
        cast(max(base) as bigint) as base, cast(null as bigint) as numerator,
        min(case when reached >= 0.5 * base then taken end) as value, max(unit) as unit
    from ranked
    group by instrument, wave, geography_level, geography_code
    union all
    select
        instrument, wave, geography_level, geography_code, max(tranche) as tranche, max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        'completion_time' as measure, 'upper_quartile' as subject, 'Time taken: upper quartile' as title,
        cast(max(base) as bigint) as base, cast(null as bigint) as numerator,
        min(case when reached >= 0.75 * base then taken end) as value, max(unit) as unit
    from ranked
    group by instrument, wave, geography_level, geography_code
    
),

measured as (
    select *, case when value is null then 'z' end as symbol
    from (
        select instrument, wave, geography_level, geography_code, tranche, collection, collected, measure, subject, title, base, numerator, value, unit
        from shares
        union all
        select instrument, wave, geography_level, geography_code, tranche, collection, collected, measure, subject, title, base, numerator, value, unit
        from quartiles
    ) as either
)

select
    cast(measured.instrument as varchar) as instrument,
    cast(measured.wave as varchar) as wave,
    cast(measured.geography_level as varchar) as geography_level,
    cast(measured.geography_code as varchar) as geography_code,
    cast(coalesce(places.geography_name, measured.geography_code) as varchar) as geography_name,
    cast(measured.tranche as varchar) as tranche,
    cast(measured.collection as varchar) as collection,
    cast(measured.collected as varchar) as collected,
    cast(measured.measure as varchar) as measure,
    cast(measured.subject as varchar) as subject,
    cast(measured.title as varchar) as title,
    cast(case when measured.symbol is null then measured.base end as integer) as base,
    cast(case when measured.symbol is null then measured.numerator end as integer) as numerator,
    cast(case when measured.symbol is null then measured.value end as double) as value,
    cast(measured.unit as varchar) as unit,
    cast(measured.symbol as varchar) as symbol
from measured
left join {{ ref('geographies') }} as places
    on measured.geography_level = places.geography_level and measured.geography_code = places.geography_code
order by instrument, wave, geography_level, geography_code, measure, subject

