{{ config(materialized='table') }}

-- What a partnership spends on children, whole and by four ways of cutting it. A service for several needs or levels
-- counts in each by its share. Amounts are added up in whole pence, times whole millionths.
-- Behind every amount stands how many providers it is made of (see `providers_behind`), for a row of three may hold
-- the income of one. An amount that nobody has counts as made of all: that it is nothing says no more of one than of
-- another.
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
        sum(gross_pence * weight) as gross_parts,
        coalesce(sum(income_pence * weight), 0) as income_parts,
        sum(reach_year * weight) as reach_parts,
        sum(case when is_prevention then gross_pence * weight else 0 end) as prevention_parts,
        sum(case when is_evidenced then gross_pence * weight else 0 end) as evidence_parts
    from broken_down
    where breakdown_value is not null
    group by collection, breakdown_by, breakdown_value
),

behind as (
    select
        collection,
        breakdown_by,
        breakdown_value,
        max(case when measure = 'gross' then providers end) as with_gross,
        max(case when measure = 'income' then providers end) as with_income,
        max(case when measure = 'prevention' then providers end) as with_prevention,
        max(case when measure = 'without_prevention' then providers end) as without_prevention,
        max(case when measure = 'evidence' then providers end) as with_evidence,
        max(case when measure = 'without_evidence' then providers end) as without_evidence
    from {{ ref('providers_behind') }}
    group by collection, breakdown_by, breakdown_value
),

counted as (
    select
        summed.*,
        -- Where the spend is withheld, so are its parts.
        coalesce(with_gross, providers) as gross_providers,
        least(coalesce(with_income, providers), coalesce(with_gross, providers)) as income_providers,
        -- Prevention by evidence rating and evidence by level of support cross: both add up to the prevention that is
        -- evidenced, so each tells lines that the other withholds. One of them is told.
        case
            when summed.breakdown_by = 'evidence_rating' then 0
            else least(
                    coalesce(with_prevention, providers),
                    coalesce(without_prevention, providers),
                    coalesce(with_gross, providers)
                )
        end as prevention_providers,
        least(
            coalesce(with_evidence, providers),
            coalesce(without_evidence, providers),
            coalesce(with_gross, providers)
        ) as evidence_providers,
        -- Of no spend there is no share; where the spend is withheld, that it is none is not said either.
        case
            when summed.gross_parts = 0 and coalesce(behind.with_gross, summed.providers) >= policy.minimum_providers
                then 'z'
        end as no_share
    from summed
    cross join {{ ref('money_policy') }} as policy
    left join behind
        on
            summed.collection = behind.collection
            and summed.breakdown_by = behind.breakdown_by
            and summed.breakdown_value = behind.breakdown_value
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
    cast(counted.no_share as varchar) as prevention_symbol,
    cast(counted.evidence_parts as double) / nullif(cast(counted.gross_parts as double), 0) as evidence_share,
    cast(counted.evidence_providers as integer) as evidence_providers,
    cast(counted.no_share as varchar) as evidence_symbol,
    cast(
        case when whole.gross_parts = 0 and counted.gross_providers >= policy.minimum_providers then 'z' end as varchar
    ) as share_symbol,
    cast(prices.in_last_year as double) as deflator
from counted
inner join whole on counted.collection = whole.collection
cross join {{ ref('money_policy') }} as policy
inner join {{ ref('registered_collections') }} as registered on counted.collection = registered.collection
left join {{ ref('price_index') }} as prices on counted.reporting_year = prices.price_year
order by collection, breakdown_by, breakdown_value
