{{ config(materialized='table') }}

-- What a child reached costs, by need and by whether the service has evidence behind it, over the services that gave
-- spend and reach. A line is withheld where what could be worked out with it is of few providers; the lines with and
-- without evidence together, since either follows from the other and all.
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

-- A cost times the children reached is the spend of those who gave both; the summary has the spend of all, and so what
-- the others spent, with evidence and without. Each of these parts, and of their sums, is of enough providers or empty.
spent as (
    select
        collection,
        need_type,
        coalesce(reach_year > 0, false) as gave_reach,
        case when is_evidenced then 'evidenced' else 'other' end as evidence,
        provider,
        sum(gross_pence * weight) as amount
    from {{ ref('service_map_shares') }}
    group by all
),

parts as (
    select
        collection,
        need_type,
        gave_reach,
        evidence,
        provider,
        sum(amount) as amount
    from spent
    group by
        grouping sets (
            (collection, need_type, gave_reach, evidence, provider),
            (collection, need_type, gave_reach, provider)
        )
),

behind as (
    {{ providers_of_most('parts', 'collection, need_type, gave_reach, evidence') }}
),

-- What the summary withholds.
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
        behind.collection,
        behind.need_type,
        least(min(case when behind.evidence is null then behind.providers end), min(withheld.providers)) as of_all,
        least(min(behind.providers), min(withheld.providers)) as of_lines
    from behind
    left join withheld on behind.collection = withheld.collection and behind.need_type = withheld.need_type
    group by behind.collection, behind.need_type
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
    cast(coalesce(case when grouped.evidence = 'all' then fewest.of_all else fewest.of_lines end, 0) as integer)
        as fewest_providers,
    cast(null as varchar) as symbol
from grouped
left join fewest on grouped.collection = fewest.collection and grouped.need_type = fewest.need_type
inner join years on grouped.collection = years.collection
inner join {{ ref('registered_collections') }} as registered on grouped.collection = registered.collection
left join {{ ref('price_index') }} as prices on years.reporting_year = prices.price_year
order by collection, need_type, evidence
