{{ config(materialized='table', schema='planning') }}

-- How many providers stand behind what is spent on a need and the ages of a survey, or behind what could be worked out
-- beside it: the spend of all ages is published, and what is for other ages is a line that is never shown. Where the
-- spend of all ages is withheld, so are its parts, which may be nearly all of it.
with withheld as (
    select
        spend.collection,
        spend.breakdown_value as breakdown_by,
        ages.instrument as breakdown_value
    from {{ ref('spend_behind') }} as spend
    cross join {{ ref('surveyed_ages') }} as ages
    cross join {{ ref('money_policy') }} as policy
    where spend.breakdown_by = 'need_type' and spend.providers < policy.minimum_providers
),

behind as (
    {{ providers_behind(ref('need_amounts'), 'withheld') | indent(4) }}
),

-- A line that is withheld with the whole may be of enough providers by itself.
told as (
    select
        behind.collection,
        behind.breakdown_by,
        behind.breakdown_value,
        case when withheld.collection is not null then 0 else behind.providers end as providers
    from behind
    left join withheld
        on
            behind.collection = withheld.collection
            and behind.breakdown_by = withheld.breakdown_by
            and behind.breakdown_value = withheld.breakdown_value
)

select * from told
order by collection, breakdown_by, breakdown_value
