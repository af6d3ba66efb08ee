-- Generated from data_contracts/products/rcs/weighting.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

-- What the weights aim at and what they achieve: by partnership, group and cell, counted from the pupils' own weights.
with
counted_primary as (
    select
        collection,
        cpp_code,
        stage,
        sex,
        simd_quintile,
        count(*) as respondents,
        sum(design_weight) as weighted,
        min(design_weight) as lowest,
        max(design_weight) as highest,
        sum({{ dyadic('design_weight * design_weight', 30) }}) as squares
    from {{ ref('pupils_wellbeing_primary') }}
    where design_weight > 0
    group by collection, cpp_code, stage, sex, simd_quintile
),

methods_primary as (
    select
        weights.collection,
        case
            when max(weights.cell_roll) = 0 then 'none'
            else 'roll'
        end as method
    from {{ ref('weights_wellbeing_primary') }} as weights
    group by weights.collection
),

cells_primary as (
    select
        weights.collection,
        weights.cell,
        weights.cell_label,
        weights.cell_parts,
        weights.least_respondents,
        weights.reason,
        weights.roll,
        coalesce(cast(weights.stage as varchar), 'not_known') as stage_label,
        coalesce(case weights.sex when 1 then 'female' when 2 then 'male' else cast(weights.sex as varchar) end, 'not_known') as sex_label,
        coalesce(sum(counted.respondents), 0) as respondents,
        coalesce(sum(counted.weighted), 0) as weighted,
        min(counted.lowest) as lowest,
        max(counted.highest) as highest,
        coalesce(sum(counted.squares), 0) as squares
    from {{ ref('weights_wellbeing_primary') }} as weights
    left join counted_primary as counted
        on
            weights.collection = counted.collection
            and weights.cpp_code is not distinct from counted.cpp_code
            and weights.stage is not distinct from counted.stage
            and weights.sex is not distinct from counted.sex
    where weights.reason <> 'outside_survey'
    group by all
),

rows_primary as (
    select
        collection,
        'cpp' as geography_level,
        'all' as group_by,
        'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        sum(weighted) as weighted_respondents,
        min(lowest) as lowest_weight,
        max(highest) as highest_weight,
        sum(squares) as squares,

        sum(respondents) as least_respondents,
        cast(null as varchar) as weighted_in,
        cast(null as varchar) as reason
    from cells_primary
    group by collection
    union all
    select
        collection,
        'cpp' as geography_level,
        'stage' as group_by,
        stage_label as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        sum(weighted) as weighted_respondents,
        min(lowest) as lowest_weight,
        max(highest) as highest_weight,
        sum(squares) as squares,

        coalesce(min(case when cell_parts > 1 then least_respondents end), sum(respondents)) as least_respondents,
        cast(null as varchar) as weighted_in,
        cast(null as varchar) as reason
    from cells_primary
    group by collection, stage_label
    union all
    select
        collection,
        'cpp' as geography_level,
        'sex' as group_by,
        sex_label as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        sum(weighted) as weighted_respondents,
        min(lowest) as lowest_weight,
        max(highest) as highest_weight,
        sum(squares) as squares,

        coalesce(min(case when cell_parts > 1 then least_respondents end), sum(respondents)) as least_respondents,
        cast(null as varchar) as weighted_in,
        cast(null as varchar) as reason
    from cells_primary
    group by collection, sex_label
    union all
    select
        collection,
        'cell' as geography_level,
        'sex+stage' as group_by,
        sex_label || '+' || stage_label as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        sum(weighted) as weighted_respondents,
        min(lowest) as lowest_weight,
        max(highest) as highest_weight,
        sum(squares) as squares,

        min(least_respondents) as least_respondents,
        min(cell_label) as weighted_in,
        min(reason) as reason
    from cells_primary
    group by collection, sex_label, stage_label
    union all
    select
        margins.collection,
        'cell' as geography_level,
        'simd_quintile' as group_by,
        coalesce(case margins.simd_quintile when 1 then '1' when 2 then '2' when 3 then '3' when 4 then '4' when 5 then '5' else cast(margins.simd_quintile as varchar) end, 'not_known') as group_value,
        max(margins.aim) as roll,
        coalesce(sum(counted.respondents), 0) as respondents,
        coalesce(sum(counted.weighted), 0) as weighted_respondents,
        min(counted.lowest) as lowest_weight,
        max(counted.highest) as highest_weight,
        coalesce(sum(counted.squares), 0) as squares,
        coalesce(sum(counted.respondents), 0) as least_respondents,
        cast(null as varchar) as weighted_in,
        cast(null as varchar) as reason
    from {{ ref('margins_wellbeing_primary') }} as margins
    left join counted_primary as counted
        on
            margins.collection = counted.collection
            and margins.simd_quintile is not distinct from counted.simd_quintile
    group by margins.collection, margins.simd_quintile
),

counted_secondary as (
    select
        collection,
        cpp_code,
        stage,
        sex,
        simd_quintile,
        count(*) as respondents,
        sum(design_weight) as weighted,
        min(design_weight) as lowest,
        max(design_weight) as highest,
        sum({{ dyadic('design_weight * design_weight', 30) }}) as squares
    from {{ ref('pupils_wellbeing_secondary') }}
    where design_weight > 0
    group by collection, cpp_code, stage, sex, simd_quintile
),

methods_secondary as (
    select
        weights.collection,
        case
            when max(weights.cell_roll) = 0 then 'none'
            else 'roll'
        end as method
    from {{ ref('weights_wellbeing_secondary') }} as weights
    group by weights.collection
),

cells_secondary as (
    select
        weights.collection,
        weights.cell,
        weights.cell_label,
        weights.cell_parts,
        weights.least_respondents,
        weights.reason,
        weights.roll,
        coalesce(cast(weights.stage as varchar), 'not_known') as stage_label,
        coalesce(case weights.sex when 1 then 'female' when 2 then 'male' else cast(weights.sex as varchar) end, 'not_known') as sex_label,
        coalesce(sum(counted.respondents), 0) as respondents,
        coalesce(sum(counted.weighted), 0) as weighted,
        min(counted.lowest) as lowest,
        max(counted.highest) as highest,
        coalesce(sum(counted.squares), 0) as squares
    from {{ ref('weights_wellbeing_secondary') }} as weights
    left join counted_secondary as counted
        on
            weights.collection = counted.collection
            and weights.cpp_code is not distinct from counted.cpp_code
            and weights.stage is not distinct from counted.stage
            and weights.sex is not distinct from counted.sex
    where weights.reason <> 'outside_survey'
    group by all
),

rows_secondary as (
    select
        collection,
        'cpp' as geography_level,
        'all' as group_by,
        'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        sum(weighted) as weighted_respondents,
        min(lowest) as lowest_weight,
        max(highest) as highest_weight,
        sum(squares) as squares,

        sum(respondents) as least_respondents,
        cast(null as varchar) as weighted_in,
        cast(null as varchar) as reason
    from cells_secondary
    group by collection
    union all
    select
        collection,
        'cpp' as geography_level,
        'stage' as group_by,
        stage_label as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        sum(weighted) as weighted_respondents,
        min(lowest) as lowest_weight,
        max(highest) as highest_weight,
        sum(squares) as squares,

        coalesce(min(case when cell_parts > 1 then least_respondents end), sum(respondents)) as least_respondents,
        cast(null as varchar) as weighted_in,
        cast(null as varchar) as reason
    from cells_secondary
    group by collection, stage_label
    union all
    select
        collection,
        'cpp' as geography_level,
        'sex' as group_by,
        sex_label as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        sum(weighted) as weighted_respondents,
        min(lowest) as lowest_weight,
        max(highest) as highest_weight,
        sum(squares) as squares,

        coalesce(min(case when cell_parts > 1 then least_respondents end), sum(respondents)) as least_respondents,
        cast(null as varchar) as weighted_in,
        cast(null as varchar) as reason
    from cells_secondary
    group by collection, sex_label
    union all
    select
        collection,
        'cell' as geography_level,
        'sex+stage' as group_by,
        sex_label || '+' || stage_label as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        sum(weighted) as weighted_respondents,
        min(lowest) as lowest_weight,
        max(highest) as highest_weight,
        sum(squares) as squares,

        min(least_respondents) as least_respondents,
        min(cell_label) as weighted_in,
        min(reason) as reason
    from cells_secondary
    group by collection, sex_label, stage_label
    union all
    select
        margins.collection,
        'cell' as geography_level,
        'simd_quintile' as group_by,
        coalesce(case margins.simd_quintile when 1 then '1' when 2 then '2' when 3 then '3' when 4 then '4' when 5 then '5' else cast(margins.simd_quintile as varchar) end, 'not_known') as group_value,
        max(margins.aim) as roll,
        coalesce(sum(counted.respondents), 0) as respondents,
        coalesce(sum(counted.weighted), 0) as weighted_respondents,
        min(counted.lowest) as lowest_weight,
        max(counted.highest) as highest_weight,
        coalesce(sum(counted.squares), 0) as squares,
        coalesce(sum(counted.respondents), 0) as least_respondents,
        cast(null as varchar) as weighted_in,
        cast(null as varchar) as reason
    from {{ ref('margins_wellbeing_secondary') }} as margins
    left join counted_secondary as counted
        on
            margins.collection = counted.collection
            and margins.simd_quintile is not distinct from counted.simd_quintile
    group by margins.collection, margins.simd_quintile
),

told as (
    select
        'primary' as instrument,
        found.*,
        methods.method
    from rows_primary as found
    inner join methods_primary as methods
        on found.collection = methods.collection
    union all
    select
        'secondary' as instrument,
        found.*,
        methods.method
    from rows_secondary as found
    inner join methods_secondary as methods
        on found.collection = methods.collection
),

named as (
    select
        told.*,
        registered.wave,
        registered.tranche,
        registered.collected,
        registered.cpp_code as geography_code,
        coalesce(places.geography_name, registered.cpp_code) as geography_name,
        told.weighted_respondents / nullif(told.respondents, 0) as weight,
        told.squares * told.respondents / nullif(told.weighted_respondents * told.weighted_respondents, 0) as design_effect,
        cast(null as varchar) as symbol
    from told
    inner join {{ ref('registered_collections') }} as registered
        on told.collection = registered.collection
    left join {{ ref('geographies') }} as places
        on places.geography_level = 'cpp' and registered.cpp_code = places.geography_code
    where registered.cpp_code is not null
)

select
    cast(instrument as varchar) as instrument,
    cast(wave as varchar) as wave,
    cast(geography_level as varchar) as geography_level,
    cast(geography_code as varchar) as geography_code,
    cast(geography_name as varchar) as geography_name,
    cast(tranche as varchar) as tranche,
    cast(collection as varchar) as collection,
    cast(collected as varchar) as collected,
    cast(group_by as varchar) as group_by,
    cast(group_value as varchar) as group_value,
    cast(method as varchar) as method,
    cast(roll as double) as roll,
    cast(respondents as integer) as respondents,
    cast(weighted_respondents as double) as weighted_respondents,
    cast(symbol as varchar) as symbol,
    cast(least_respondents as integer) as least_respondents,
    cast(weight as double) as weight,
    cast(lowest_weight as double) as lowest_weight,
    cast(highest_weight as double) as highest_weight,
    cast(design_effect as double) as design_effect,
    cast(weighted_in as varchar) as weighted_in,
    cast(reason as varchar) as reason
from named
order by instrument, wave, geography_level, geography_code, group_by, group_value
