{{ config(materialized='table') }}

-- What a partnership spends on children, whole and by four ways of cutting it. Amounts are added up in whole pence.
-- Behind every amount stands how many providers it is made of, for a row of three may hold the income of one. An
-- amount that nobody has counts as made of all: that it is nothing says no more of one than of another.
{% set breakdowns = ['level_of_support', 'lead_partner', 'need_type', 'evidence_rating'] %}
with services as (
    select
        *,
        cast(round(gross_actual * 100) as bigint) as gross_pence,
        cast(round(income * 100) as bigint) as income_pence,
        coalesce(level_of_support in ('universal', 'additional'), false) as is_prevention
    from {{ ref('stg_service_map') }}
),

broken_down as (
    select
        'all' as breakdown_by,
        'all' as breakdown_value,
        services.*
    from services
    {% for breakdown in breakdowns %}
        union all
        select
            '{{ breakdown }}' as breakdown_by,
            {{ breakdown }} as breakdown_value,
            services.*
        from services
    {% endfor %}
),

summed as (
    select
        collection,
        breakdown_by,
        breakdown_value,
        case when min(reporting_year) = max(reporting_year) then min(reporting_year) end as reporting_year,
        count(*) as services,
        count(distinct provider) as providers,
        count(distinct case when gross_pence <> 0 then provider end) as with_gross,
        count(distinct case when income_pence <> 0 then provider end) as with_income,
        count(distinct case when gross_pence <> 0 and is_prevention then provider end) as with_prevention,
        count(distinct case when gross_pence <> 0 and not is_prevention then provider end) as without_prevention,
        sum(gross_pence) as gross_pence,
        coalesce(sum(income_pence), 0) as income_pence,
        sum(reach_year) as reach_year,
        sum(case when is_prevention then gross_pence else 0 end) as prevention_pence
    from broken_down
    where breakdown_value is not null
    group by collection, breakdown_by, breakdown_value
),

counted as (
    select
        *,
        coalesce(nullif(with_gross, 0), providers) as gross_providers,
        coalesce(nullif(with_income, 0), nullif(with_gross, 0), providers) as income_providers,
        least(
            coalesce(nullif(with_prevention, 0), nullif(with_gross, 0), providers),
            coalesce(nullif(without_prevention, 0), nullif(with_gross, 0), providers)
        ) as prevention_providers
    from summed
),

whole as (
    select
        collection,
        gross_pence
    from summed
    where breakdown_by = 'all'
)

select
    cast(counted.collection as varchar) as collection,
    cast(registered.cpp_code as varchar) as cpp_code,
    cast(registered.cpp_name as varchar) as cpp_name,
    cast(registered.tranche as varchar) as tranche,
    cast(counted.reporting_year as varchar) as reporting_year,
    cast(counted.breakdown_by as varchar) as breakdown_by,
    cast(counted.breakdown_value as varchar) as breakdown_value,
    cast(counted.services as integer) as services,
    cast(counted.providers as integer) as providers,
    cast(counted.gross_pence as double) / 100 as gross_actual,
    cast(counted.income_pence as double) / 100 as income,
    cast(counted.gross_pence - counted.income_pence as double) / 100 as net_cost,
    cast(counted.reach_year as integer) as reach_year,
    cast(counted.gross_pence as double) / nullif(whole.gross_pence, 0) as share_of_spend,
    cast(counted.prevention_pence as double) / nullif(counted.gross_pence, 0) as prevention_share,
    cast(null as varchar) as symbol,
    cast(counted.gross_providers as integer) as gross_providers,
    cast(counted.income_providers as integer) as income_providers,
    cast(null as varchar) as income_symbol,
    cast(counted.prevention_providers as integer) as prevention_providers,
    cast(null as varchar) as prevention_symbol
from counted
inner join whole on counted.collection = whole.collection
inner join {{ ref('registered_collections') }} as registered on counted.collection = registered.collection
order by collection, breakdown_by, breakdown_value
