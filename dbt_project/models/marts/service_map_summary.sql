{{ config(materialized='table') }}

-- What a partnership spends on children, whole and by four ways of cutting it. Amounts are added up in whole pence.
{% set breakdowns = ['level_of_support', 'lead_partner', 'need_type', 'evidence_rating'] %}
with services as (
    select
        *,
        cast(round(gross_actual * 100) as bigint) as gross_pence,
        cast(round(income * 100) as bigint) as income_pence
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
        sum(gross_pence) as gross_pence,
        coalesce(sum(income_pence), 0) as income_pence,
        sum(reach_year) as reach_year,
        sum(case when level_of_support in ('universal', 'additional') then gross_pence else 0 end) as prevention_pence
    from broken_down
    where breakdown_value is not null
    group by collection, breakdown_by, breakdown_value
),

whole as (
    select
        collection,
        gross_pence
    from summed
    where breakdown_by = 'all'
)

select
    cast(summed.collection as varchar) as collection,
    cast(registered.cpp_code as varchar) as cpp_code,
    cast(registered.cpp_name as varchar) as cpp_name,
    cast(registered.tranche as varchar) as tranche,
    cast(summed.reporting_year as varchar) as reporting_year,
    cast(summed.breakdown_by as varchar) as breakdown_by,
    cast(summed.breakdown_value as varchar) as breakdown_value,
    cast(summed.services as integer) as services,
    cast(summed.providers as integer) as providers,
    cast(summed.gross_pence as double) / 100 as gross_actual,
    cast(summed.income_pence as double) / 100 as income,
    cast(summed.gross_pence - summed.income_pence as double) / 100 as net_cost,
    cast(summed.reach_year as integer) as reach_year,
    cast(summed.gross_pence as double) / nullif(whole.gross_pence, 0) as share_of_spend,
    cast(summed.prevention_pence as double) / nullif(summed.gross_pence, 0) as prevention_share,
    cast(null as varchar) as symbol
from summed
inner join whole on summed.collection = whole.collection
inner join {{ ref('registered_collections') }} as registered on summed.collection = registered.collection
order by collection, breakdown_by, breakdown_value
