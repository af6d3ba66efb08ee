-- Generated from data_contracts/products/rcs/indicator_estimates.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

with estimates as (
    select * from {{ ref('estimates_wellbeing_primary') }}
    union all
    select * from {{ ref('estimates_wellbeing_secondary') }}
),

compared as (
    select
        estimates.*,
        case
            when
                estimates.comparator is null or estimates.lower_limit is null or estimates.upper_limit is null
                or estimates.quality_flag is not null
                then 'cannot_compare'
            when estimates.comparator between estimates.lower_limit and estimates.upper_limit then 'similar'
            when indicators.polarity = 'higher_is_better' and estimates.estimate > estimates.comparator then 'better'
            when indicators.polarity = 'higher_is_better' and estimates.estimate < estimates.comparator then 'worse'
            when indicators.polarity = 'lower_is_better' and estimates.estimate < estimates.comparator then 'better'
            when indicators.polarity = 'lower_is_better' and estimates.estimate > estimates.comparator then 'worse'
            when estimates.estimate > estimates.comparator then 'higher'
            when estimates.estimate < estimates.comparator then 'lower'
        end as comparison
    from estimates
    left join {{ ref('registered_indicators') }} as indicators
        on estimates.indicator_id = indicators.indicator_id
)

select
    cast(estimates.indicator_id as varchar) as indicator_id,
    cast(estimates.instrument as varchar) as instrument,
    cast(estimates.wave as varchar) as wave,
    cast(estimates.geography_level as varchar) as geography_level,
    cast(estimates.geography_code as varchar) as geography_code,
    cast(coalesce(places.geography_name, case when estimates.geography_level = 'learning_community' then substr(estimates.geography_code, position('/' in estimates.geography_code) + 1) else estimates.geography_code end) as varchar) as geography_name,
    cast(estimates.tranche as varchar) as tranche,
    cast(estimates.group_by as varchar) as group_by,
    cast(estimates.group_value as varchar) as group_value,
    cast(estimates.collected as varchar) as collected,
    cast(estimates.estimate as double) as estimate,
    cast(estimates.standard_error as double) as standard_error,
    cast(estimates.lower_limit as double) as lower,
    cast(estimates.upper_limit as double) as upper,
    cast(estimates.base as integer) as base,
    cast(estimates.weighted_base as double) as weighted_base,
    cast(estimates.numerator as integer) as numerator,
    cast(estimates.effective_base as double) as effective_base,
    cast(estimates.design_effect as double) as design_effect,
    cast(estimates.degrees_of_freedom as integer) as degrees_of_freedom,
    cast(estimates.variance_method as varchar) as variance_method,
    cast(null as varchar) as band,
    cast(null as varchar) as symbol,
    cast(estimates.quality_flag as varchar) as quality_flag,
    cast(estimates.finite_population as varchar) as finite_population,
    cast(estimates.comparator as double) as comparator,
    cast(estimates.comparison as varchar) as comparison,
    cast(null as varchar) as release_version
from compared as estimates
left join {{ ref('geographies') }} as places
    on estimates.geography_level = places.geography_level and estimates.geography_code = places.geography_code
