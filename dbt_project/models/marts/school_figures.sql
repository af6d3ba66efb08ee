-- Generated from data_contracts/products/rcs/school_figures.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

-- The counts behind the bands. Which band a row shows, if any, is chosen when the candidate is protected.
with schools as (
    select
        'primary' as instrument,
        wave,
        school,
        max(cpp_code) as cpp_code
    from {{ ref('sums_wellbeing_primary') }}
    where group_by = 'all' and school is not null
    group by wave, school
    union all
    select
        'secondary' as instrument,
        wave,
        school,
        max(cpp_code) as cpp_code
    from {{ ref('sums_wellbeing_secondary') }}
    where group_by = 'all' and school is not null
    group by wave, school
)

select
    cast(estimates.indicator_id as varchar) as indicator_id,
    cast(indicators.title as varchar) as title,
    cast(indicators.domain as varchar) as domain,
    cast(estimates.instrument as varchar) as instrument,
    cast(estimates.wave as varchar) as wave,
    cast(estimates.tranche as varchar) as tranche,
    cast(schools.cpp_code as varchar) as cpp_code,
    cast(estimates.geography_code as varchar) as school_code,
    cast(estimates.geography_name as varchar) as school_name,
    cast(estimates.group_by as varchar) as group_by,
    cast(estimates.group_value as varchar) as group_value,
    cast(estimates.collected as varchar) as collected,
    cast(estimates.base as integer) as base,
    cast(estimates.numerator as integer) as numerator,
    cast(null as varchar) as size_class,
    cast(null as integer) as share_from,
    cast(null as integer) as share_to,
    cast(null as varchar) as symbol,
    cast(null as varchar) as release_version
from {{ ref('indicator_estimates') }} as estimates
inner join schools
    on
        estimates.instrument = schools.instrument
        and estimates.wave = schools.wave
        and estimates.geography_code = schools.school
inner join {{ ref('registered_indicators') }} as indicators
    on estimates.indicator_id = indicators.indicator_id
where
    estimates.geography_level = 'school'
    and estimates.group_by in ('all', 'sex', 'stage')
    and estimates.numerator is not null
