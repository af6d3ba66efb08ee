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
            case when mood_sad__code between 1 and 5 then 1 else 0 end
            + case when mood_worried__code between 1 and 5 then 1 else 0 end
            + case when mood_lonely__code between 1 and 5 then 1 else 0 end
            + case when mood_cheerful__code between 1 and 5 then 1 else 0 end
        ) as primary_low_mood__answered,
        (
            case when mood_sad__code between 1 and 5 then mood_sad__code else 0 end
            + case when mood_worried__code between 1 and 5 then mood_worried__code else 0 end
            + case when mood_lonely__code between 1 and 5 then mood_lonely__code else 0 end
            + case when mood_cheerful__code between 1 and 5 then 6 - mood_cheerful__code else 0 end
        ) as primary_low_mood__total
    from pupils
),

scores_0 as (
    select
        *,
        cast(case when primary_low_mood__answered >= 3 then floor((2 * 4 * primary_low_mood__total + primary_low_mood__answered) / nullif(2.0 * primary_low_mood__answered, 0)) end as integer) as primary_low_mood__score
    from answered
),

-- Exact: weights add up in any order.
counted as (
    select
        wave,
        cast(primary_low_mood__score as double) as score,
        sum(design_weight) as weight
    from scores_0
    where primary_low_mood__score is not null
    group by wave, primary_low_mood__score
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
    case when mean_square - average * average > 1e-9 then average + 0.75 * sqrt(mean_square - average * average) end as primary_low_mood__relative__cut_1,
    true as primary_low_mood__relative__scored
from averaged
