-- Generated from data_contracts/products/rcs/similar_cpps.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

with places as (
    select distinct
        wave,
        cpp_code as geography_code,
        cpp_name as geography_name
    from {{ ref('registered_collections') }}
    where cpp_code is not null
),

-- Share of pupils whose home lies in the most deprived fifth of areas.
deprivation_values as (
    select
        registered.wave,
        cast(delivered.cpp_code as varchar) as geography_code,
        {{ steady_sum('delivered.pupils * delivered.simd_q1_share') }}
        / nullif({{ steady_sum('case when delivered.simd_q1_share is not null then delivered.pupils end') }}, 0)
         as value
    from {{ ref('stg_school_roll') }} as delivered
    inner join {{ ref('registered_collections') }} as registered
        on delivered.collection = registered.collection
    group by 1, 2
),

-- Share of pupils in schools of rural areas.
rurality_values as (
    select
        cast(delivered.council as varchar) as geography_code,
        {{ steady_sum("case when delivered.urban_rural_8 in ('Accessible rural areas', 'Remote rural areas', 'Very Remote Rural') then delivered.pupil_roll when delivered.urban_rural_8 is not null then 0 end") }}
        / nullif({{ steady_sum('case when delivered.urban_rural_8 is not null then delivered.pupil_roll end') }}, 0)
         as value
    from {{ ref('stg_school_statistics') }} as delivered
    group by 1
),

-- Pupils on the roll of the stages surveyed.
roll_values as (
    select
        registered.wave,
        cast(delivered.cpp_code as varchar) as geography_code,
        ln(nullif({{ steady_sum('delivered.pupils') }}
        , 0)) as value
    from {{ ref('stg_school_roll') }} as delivered
    inner join {{ ref('registered_collections') }} as registered
        on delivered.collection = registered.collection
    group by 1, 2
),

-- Places that lack one of the variables are like nobody.
known as (
    select
        places.wave,
        places.geography_code,
        places.geography_name,
        deprivation_values.value as deprivation,
        rurality_values.value as rurality,
        roll_values.value as roll
    from places
    inner join deprivation_values
        on
            places.geography_code = deprivation_values.geography_code
            and places.wave = deprivation_values.wave
    inner join rurality_values
        on
            places.geography_code = rurality_values.geography_code
    inner join roll_values
        on
            places.geography_code = roll_values.geography_code
            and places.wave = roll_values.wave
    where
        deprivation_values.value is not null and
        rurality_values.value is not null and
        roll_values.value is not null
),

averages as (
    select
        wave,
        count(*) as places,
        {{ steady_sum('deprivation') }} / count(*) as deprivation_mean,
        {{ steady_sum('rurality') }} / count(*) as rurality_mean,
        {{ steady_sum('roll') }} / count(*) as roll_mean
    from known
    group by wave
),

-- Each variable in standard deviations of the places of its wave; where they do not vary it tells nothing.
spreads as (
    select
        known.wave,
        sqrt({{ steady_sum('power(known.deprivation - averages.deprivation_mean, 2)') }} / count(*)) as deprivation_spread,
        sqrt({{ steady_sum('power(known.rurality - averages.rurality_mean, 2)') }} / count(*)) as rurality_spread,
        sqrt({{ steady_sum('power(known.roll - averages.roll_mean, 2)') }} / count(*)) as roll_spread
    from known
    inner join averages
        on known.wave = averages.wave
    group by known.wave
),

pairs as (
    select
        own.wave,
        own.geography_code,
        own.geography_name,
        other.geography_code as other_code,
        other.geography_name as other_name,
        sqrt(
            2 * coalesce(power((own.deprivation - other.deprivation) / nullif(spreads.deprivation_spread, 0), 2), 0) +
            1 * coalesce(power((own.rurality - other.rurality) / nullif(spreads.rurality_spread, 0), 2), 0) +
            1 * coalesce(power((own.roll - other.roll) / nullif(spreads.roll_spread, 0), 2), 0)
        ) as distance
    from known as own
    inner join known as other
        on own.wave = other.wave and own.geography_code <> other.geography_code
    inner join spreads
        on own.wave = spreads.wave
),

told as (
    select
        *,
        'cpp' as geography_level,
        row_number() over (
            partition by wave, geography_code order by round(distance, 9), other_code
        ) as nearness
    from pairs
)

select
    cast(wave as varchar) as wave,
    cast(geography_level as varchar) as geography_level,
    cast(geography_code as varchar) as geography_code,
    cast(geography_name as varchar) as geography_name,
    cast(other_code as varchar) as other_code,
    cast(other_name as varchar) as other_name,
    cast(nearness as integer) as nearness,
    cast(distance as double) as distance,
    cast(nearness <= 3 as boolean) as is_similar,
    cast(null as varchar) as release_version
from told
order by wave, geography_code, nearness
