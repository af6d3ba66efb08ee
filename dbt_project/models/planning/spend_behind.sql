{{ config(materialized='table', schema='planning') }}

-- How many providers stand behind the spend of each line.
with spend as (
    select *
    from {{ ref('map_amounts') }}
    where measure = 'gross'
),

behind as (
    {{ providers_behind('spend') | indent(4) }}
)

select * from behind
order by collection, breakdown_by, breakdown_value
