{{ config(materialized='table') }}

-- What a child reached costs, by need and by whether the service has evidence behind it, over the services that gave
-- spend and reach. Where the services with or without evidence are of few providers, all three lines are withheld:
-- of two of them and their numbers of children the third could be worked out.
with counted as (
    select
        collection,
        need_type,
        case when is_evidenced then 'evidenced' else 'other' end as evidence,
        service_id,
        provider,
        sum(gross_pence * weight) as gross_parts,
        sum(reach_year * weight) as reach_parts
    from {{ ref('service_map_shares') }}
    where reach_year > 0
    group by all
),

grouped as (
    select
        collection,
        need_type,
        evidence,
        count(*) as services,
        count(distinct provider) as providers,
        sum(gross_parts) as gross_parts,
        sum(reach_parts) as reach_parts,
        median(cast(gross_parts as double) / 100 / nullif(reach_parts, 0)) as middle
    from counted
    group by collection, need_type, evidence
    union all
    select
        collection,
        need_type,
        'all' as evidence,
        count(*) as services,
        count(distinct provider) as providers,
        sum(gross_parts) as gross_parts,
        sum(reach_parts) as reach_parts,
        median(cast(gross_parts as double) / 100 / nullif(reach_parts, 0)) as middle
    from counted
    group by collection, need_type
),

-- A cost times the children reached is the spend, which the summary may withhold.
withheld as (
    select
        collection,
        breakdown_value as need_type,
        providers
    from {{ ref('spend_behind') }}
    where breakdown_by = 'need_type'
),

fewest as (
    select
        grouped.collection,
        grouped.need_type,
        least(min(grouped.providers), coalesce(min(withheld.providers), min(grouped.providers))) as providers
    from grouped
    left join withheld on grouped.collection = withheld.collection and grouped.need_type = withheld.need_type
    group by grouped.collection, grouped.need_type
),

years as (
    select
        collection,
        case when min(reporting_year) = max(reporting_year) then min(reporting_year) end as reporting_year
    from {{ ref('service_map_shares') }}
    group by collection
)

select
    cast(grouped.collection as varchar) as collection,
    cast(registered.cpp_code as varchar) as cpp_code,
    cast(registered.cpp_name as varchar) as cpp_name,
    cast(grouped.need_type as varchar) as need_type,
    cast(grouped.evidence as varchar) as evidence,
    cast(years.reporting_year as varchar) as price_year,
    cast(grouped.services as integer) as services,
    cast(grouped.providers as integer) as providers,
    round(cast(grouped.gross_parts as double) / 100 / nullif(grouped.reach_parts, 0), 2) as cost_per_child,
    round(grouped.middle, 2) as median_cost_per_child,
    cast(prices.in_last_year as double) as deflator,
    cast(fewest.providers as integer) as fewest_providers,
    cast(null as varchar) as symbol
from grouped
inner join fewest on grouped.collection = fewest.collection and grouped.need_type = fewest.need_type
inner join years on grouped.collection = years.collection
inner join {{ ref('registered_collections') }} as registered on grouped.collection = registered.collection
left join {{ ref('price_index') }} as prices on years.reporting_year = prices.price_year
order by collection, need_type, evidence
