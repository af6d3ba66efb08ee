-- Generated from data_contracts/deliveries/wellbeing_secondary.odcs.yaml and the measures of `secondary` by `make generate`. Do not edit: change the contract.
{{ config(materialized='table', schema='scored') }}

with pupils as (
    select * from {{ ref('pupils_wellbeing_secondary') }}
    where design_weight > 0
),

answered as (
    select
        *,
        (
            case when fas_car__code between 1 and 3 then 1 else 0 end
            + case when fas_own_bedroom__code between 0 and 1 then 1 else 0 end
            + case when fas_computers__code between 1 and 4 then 1 else 0 end
            + case when fas_bathrooms__code between 1 and 4 then 1 else 0 end
            + case when fas_dishwasher__code between 0 and 1 then 1 else 0 end
            + case when fas_holidays__code between 1 and 4 then 1 else 0 end
        ) as fas_3__answered,
        (
            case fas_car__code when 1 then 0 when 2 then 1 when 3 then 2 else 0 end
            + case fas_own_bedroom__code when 0 then 0 when 1 then 1 else 0 end
            + case fas_computers__code when 1 then 0 when 2 then 1 when 3 then 2 when 4 then 3 else 0 end
            + case fas_bathrooms__code when 1 then 0 when 2 then 1 when 3 then 2 when 4 then 3 else 0 end
            + case fas_dishwasher__code when 0 then 0 when 1 then 1 else 0 end
            + case fas_holidays__code when 1 then 0 when 2 then 1 when 3 then 2 when 4 then 3 else 0 end
        ) as fas_3__total
    from pupils
),

scores_0 as (
    select
        *,
        cast(case when fas_3__answered = 6 then fas_3__total end as integer) as fas_3__score
    from answered
),

-- Exact: weights add up in any order.
counted as (
    select
        wave,
        sex,
        stage,
        cast(fas_3__score as double) as score,
        sum(design_weight) as weight
    from scores_0
    where fas_3__score is not null
    group by wave, sex, stage, fas_3__score
),

-- The share of pupils below, those with the same score counted by half.
placed as (
    select
        *,
        (sum(weight) over (partition by wave, sex, stage order by score) - weight / 2)
        / nullif(sum(weight) over (partition by wave, sex, stage), 0) as placed_at
    from counted
)

select
    wave,
    sex,
    stage,
    min(case when placed_at >= 0.2 then score end) as fas_3__relative__cut_1,
    min(case when placed_at >= 0.8 then score end) as fas_3__relative__cut_2,
    true as fas_3__relative__scored
from placed
group by wave, sex, stage
