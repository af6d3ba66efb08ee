-- Generated from data_contracts/deliveries/wellbeing_primary.odcs.yaml and the measures of `primary` by `make generate`. Do not edit: change the contract.
{{ config(materialized='table', schema='scored') }}

with pupils as (
    select * from {{ ref('pupils_wellbeing_primary') }}
    where design_weight > 0
),

answered as (
    select
        *,
        (
            case when life_going_well__code between 1 and 5 then 1 else 0 end
            + case when life_as_wanted__code between 1 and 5 then 1 else 0 end
            + case when life_good__code between 1 and 5 then 1 else 0 end
        ) as primary_life_satisfaction__answered,
        (
            case when life_going_well__code between 1 and 5 then life_going_well__code else 0 end
            + case when life_as_wanted__code between 1 and 5 then life_as_wanted__code else 0 end
            + case when life_good__code between 1 and 5 then life_good__code else 0 end
        ) as primary_life_satisfaction__total
    from pupils
),

scores_0 as (
    select
        *,
        cast(case when primary_life_satisfaction__answered = 3 then primary_life_satisfaction__total end as integer) as primary_life_satisfaction__score
    from answered
),

-- Exact: weights add up in any order.
counted as (
    select
        wave,
        cast(primary_life_satisfaction__score as double) as score,
        sum(design_weight) as weight
    from scores_0
    where primary_life_satisfaction__score is not null
    group by wave, primary_life_satisfaction__score
),

averaged as (
    select
        wave,
        sum(weight * score order by score) / nullif(sum(weight), 0) as average,
        sum(weight * score * score order by score) / nullif(sum(weight), 0) as mean_square
    from counted
    group by wave
)

-- Where all have the same score nobody stands out.
select
    wave,
    case when mean_square - average * average > 1e-9 then average + 0.4 * sqrt(mean_square - average * average) end as primary_life_satisfaction__relative__cut_1,
    true as primary_life_satisfaction__relative__scored
from averaged
