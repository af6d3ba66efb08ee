{{ config(materialized='table') }}

-- Contracts and grants that end, by the financial year (April to March) in which they do, with what is spent on them.
with ending as (
    select
        collection,
        service_id,
        provider,
        case when month(contract_end_date) >= 4 then year(contract_end_date) else year(contract_end_date) - 1 end
            as starts,
        reporting_year,
        max(gross_pence) as gross_pence
    from {{ ref('service_map_shares') }}
    where contract_end_date is not null
    group by all
),

summed as (
    select
        collection,
        cast(starts as varchar) || '-' || substr(cast(starts + 1 as varchar), 3, 2) as ends_in,
        case when min(reporting_year) = max(reporting_year) then min(reporting_year) end as reporting_year,
        count(*) as services,
        count(distinct provider) as providers,
        count(distinct case when gross_pence <> 0 then provider end) as with_gross,
        sum(gross_pence) as gross_pence
    from ending
    group by collection, starts
)

select
    cast(summed.collection as varchar) as collection,
    cast(registered.cpp_code as varchar) as cpp_code,
    cast(registered.cpp_name as varchar) as cpp_name,
    cast(summed.ends_in as varchar) as ends_in,
    cast(summed.reporting_year as varchar) as price_year,
    cast(summed.services as integer) as services,
    cast(summed.providers as integer) as providers,
    cast(summed.gross_pence as double) / 100 as gross_actual,
    cast(prices.in_last_year as double) as deflator,
    cast(coalesce(nullif(summed.with_gross, 0), summed.providers) as integer) as gross_providers,
    cast(null as varchar) as symbol
from summed
inner join {{ ref('registered_collections') }} as registered on summed.collection = registered.collection
left join {{ ref('price_index') }} as prices on summed.reporting_year = prices.price_year
order by collection, ends_in
