{{ config(materialized='table') }}

-- All partnerships together, in the prices of the last year of the index: maps are of different years. A line is
-- withheld where the same line of one partnership would be: that one could be worked out from the rest.
with lines as (
    select
        summary.*,
        prices.in_last_year,
        last_year.price_year as last_year
    from {{ ref('service_map_summary') }} as summary
    inner join {{ ref('price_index') }} as prices on summary.reporting_year = prices.price_year
    inner join {{ ref('price_index') }} as last_year on last_year.is_last
),

summed as (
    select
        breakdown_by,
        breakdown_value,
        max(last_year) as price_year,
        count(*) as partnerships,
        sum(services) as services,
        min(gross_providers) as fewest_providers,
        min(prevention_providers) as fewest_prevention,
        min(evidence_providers) as fewest_evidence,
        sum(cast(round(gross_actual * in_last_year * 100) as bigint)) as gross_pence,
        sum(cast(round(gross_actual * in_last_year * 100 * prevention_share) as bigint)) as prevention_pence,
        sum(cast(round(gross_actual * in_last_year * 100 * evidence_share) as bigint)) as evidence_pence
    from lines
    group by breakdown_by, breakdown_value
),

whole as (
    select gross_pence
    from summed
    where breakdown_by = 'all'
)

select
    cast(summed.breakdown_by as varchar) as breakdown_by,
    cast(summed.breakdown_value as varchar) as breakdown_value,
    cast(summed.price_year as varchar) as price_year,
    cast(summed.partnerships as integer) as partnerships,
    cast(summed.services as integer) as services,
    cast(summed.gross_pence as double) / 100 as gross_actual,
    cast(summed.gross_pence as double) / nullif(whole.gross_pence, 0) as share_of_spend,
    cast(summed.prevention_pence as double) / nullif(summed.gross_pence, 0) as prevention_share,
    cast(summed.evidence_pence as double) / nullif(summed.gross_pence, 0) as evidence_share,
    cast(summed.fewest_providers as integer) as fewest_providers,
    cast(least(summed.fewest_prevention, summed.fewest_evidence) as integer) as fewest_share_providers,
    cast(null as varchar) as symbol,
    cast(
        case when summed.gross_pence = 0 and summed.fewest_providers >= policy.minimum_providers then 'z' end as varchar
    ) as share_symbol
from summed
cross join whole
cross join {{ ref('money_policy') }} as policy
order by breakdown_by, breakdown_value
