{{ config(materialized='table') }}

-- Contracts and grants that end, by the financial year (April to March) in which they do, with what is spent on them.
-- What has no end is the rest of the partnership's spend: it counts among what could be worked out (`spend_behind`).
with ending as (
    select
        collection,
        service_id,
        provider,
        {{ financial_year('contract_end_date') }} as ends_in,
        reporting_year,
        max(gross_pence) as gross_pence
    from {{ ref('service_map_shares') }}
    where contract_end_date is not null
    group by all
),

summed as (
    select
        collection,
        ends_in,
        case when min(reporting_year) = max(reporting_year) then min(reporting_year) end as reporting_year,
        count(*) as services,
        count(distinct provider) as providers,
        sum(gross_pence) as gross_pence
    from ending
    group by collection, ends_in
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
    cast(coalesce(behind.providers, summed.providers) as integer) as gross_providers,
    cast(null as varchar) as symbol
from summed
inner join {{ ref('registered_collections') }} as registered on summed.collection = registered.collection
left join {{ ref('spend_behind') }} as behind
    on
        summed.collection = behind.collection
        and behind.breakdown_by = 'ends_in'
        and summed.ends_in = behind.breakdown_value
left join {{ ref('price_index') }} as prices on summed.reporting_year = prices.price_year
order by collection, ends_in
