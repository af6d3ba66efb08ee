{{ config(materialized='table', schema='planning') }}

-- How many providers stand behind every amount of each line. Where the spend is withheld, so are its parts.
with parts as (
    select *
    from {{ ref('map_amounts') }}
    where measure <> 'gross'
),

withheld as (
    select spend.*
    from {{ ref('spend_behind') }} as spend
    cross join {{ ref('money_policy') }} as policy
    where spend.providers < policy.minimum_providers
),

behind as (
    {{ providers_behind('parts', 'withheld') | indent(4) }}
)

select * from behind
union all
select * from {{ ref('spend_behind') }}
order by collection, breakdown_by, breakdown_value, measure
