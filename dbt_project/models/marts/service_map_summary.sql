{{ config(materialized='table') }}

-- What a partnership spends on children, whole and by four ways of cutting it. A service for several needs or levels
-- counts in each by its share. Amounts are added up in whole pence, times whole millionths.
-- Behind every amount stands how many providers it is made of, for a row of three may hold the income of one. An
-- amount that nobody has counts as made of all: that it is nothing says no more of one than of another.
{% set breakdowns = ['level_of_support', 'lead_partner', 'need_type', 'evidence_rating'] %}
with services as (
    select * from {{ ref('service_map_shares') }}
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
        count(distinct service_id) as services,
        count(distinct provider) as providers,
        count(distinct case when gross_pence <> 0 then provider end) as with_gross,
        count(distinct case when income_pence <> 0 then provider end) as with_income,
        count(distinct case when gross_pence <> 0 and is_prevention then provider end) as with_prevention,
        count(distinct case when gross_pence <> 0 and not is_prevention then provider end) as without_prevention,
        count(distinct case when gross_pence <> 0 and is_evidenced then provider end) as with_evidence,
        count(distinct case when gross_pence <> 0 and not is_evidenced then provider end) as without_evidence,
        sum(gross_pence * weight) as gross_parts,
        coalesce(sum(income_pence * weight), 0) as income_parts,
        sum(reach_year * weight) as reach_parts,
        sum(case when is_prevention then gross_pence * weight else 0 end) as prevention_parts,
        sum(case when is_evidenced then gross_pence * weight else 0 end) as evidence_parts
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
        ) as prevention_providers,
        least(
            coalesce(nullif(with_evidence, 0), nullif(with_gross, 0), providers),
            coalesce(nullif(without_evidence, 0), nullif(with_gross, 0), providers)
        ) as evidence_providers
    from summed
),

whole as (
    select
        collection,
        gross_parts
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
    round(cast(counted.gross_parts as double) / 100000000, 2) as gross_actual,
    round(cast(counted.income_parts as double) / 100000000, 2) as income,
    round(cast(counted.gross_parts - counted.income_parts as double) / 100000000, 2) as net_cost,
    cast(round(cast(counted.reach_parts as double) / 1000000) as integer) as reach_year,
    cast(counted.gross_parts as double) / nullif(cast(whole.gross_parts as double), 0) as share_of_spend,
    cast(counted.prevention_parts as double) / nullif(cast(counted.gross_parts as double), 0) as prevention_share,
    cast(null as varchar) as symbol,
    cast(counted.gross_providers as integer) as gross_providers,
    cast(counted.income_providers as integer) as income_providers,
    cast(null as varchar) as income_symbol,
    cast(counted.prevention_providers as integer) as prevention_providers,
    cast(null as varchar) as prevention_symbol,
    cast(counted.evidence_parts as double) / nullif(cast(counted.gross_parts as double), 0) as evidence_share,
    cast(counted.evidence_providers as integer) as evidence_providers,
    cast(null as varchar) as evidence_symbol,
    cast(prices.in_last_year as double) as deflator
from counted
inner join whole on counted.collection = whole.collection
inner join {{ ref('registered_collections') }} as registered on counted.collection = registered.collection
left join {{ ref('price_index') }} as prices on counted.reporting_year = prices.price_year
order by collection, breakdown_by, breakdown_value
