-- Generated from data_contracts/deliveries/wellbeing_primary.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table', schema='scored') }}

-- What the roll says of simd_quintile in each collection that was surveyed, beside its respondents.
with respondents as (
    select
        collection,
        simd_quintile,
        count(*) as respondents
    from {{ ref('allocated_wellbeing_primary') }}
    where (stage is null or (stage = 'P5' or stage = 'P6' or stage = 'P7'))
    group by collection, simd_quintile
),

roll as (
    select
        *,
        coalesce(simd_q1_share + simd_q2_share + simd_q3_share + simd_q4_share + simd_q5_share, 0) > 0 as known
    from {{ ref('stg_school_roll') }}
    where
        collection in (select collection from respondents)
        and (stage is null or (stage = 'P5' or stage = 'P6' or stage = 'P7'))
),

-- In millionths of a pupil: whole numbers add up in any order.
aimed as (
    select
        collection,
        1 as simd_quintile,
        sum(case when known then cast(round(pupils * simd_q1_share * 1000000) as bigint) end) as amount,
        sum(case when known then pupils else 0 end) as known_pupils,
        sum(pupils) as pupils
    from roll
    group by collection
    union all
    select
        collection,
        2 as simd_quintile,
        sum(case when known then cast(round(pupils * simd_q2_share * 1000000) as bigint) end) as amount,
        sum(case when known then pupils else 0 end) as known_pupils,
        sum(pupils) as pupils
    from roll
    group by collection
    union all
    select
        collection,
        3 as simd_quintile,
        sum(case when known then cast(round(pupils * simd_q3_share * 1000000) as bigint) end) as amount,
        sum(case when known then pupils else 0 end) as known_pupils,
        sum(pupils) as pupils
    from roll
    group by collection
    union all
    select
        collection,
        4 as simd_quintile,
        sum(case when known then cast(round(pupils * simd_q4_share * 1000000) as bigint) end) as amount,
        sum(case when known then pupils else 0 end) as known_pupils,
        sum(pupils) as pupils
    from roll
    group by collection
    union all
    select
        collection,
        5 as simd_quintile,
        sum(case when known then cast(round(pupils * simd_q5_share * 1000000) as bigint) end) as amount,
        sum(case when known then pupils else 0 end) as known_pupils,
        sum(pupils) as pupils
    from roll
    group by collection
),

shared as (
    select
        collection,
        simd_quintile,
        case
            when known_pupils >= 0.9 * pupils
                then cast(pupils as double) * cast(amount as double) / nullif(cast(sum(amount) over (partition by collection) as double), 0)
        end as aim
    from aimed
),

units as (
    select
        coalesce(shared.collection, respondents.collection) as collection,
        coalesce(shared.simd_quintile, respondents.simd_quintile) as simd_quintile,
        shared.aim,
        coalesce(respondents.respondents, 0) as respondents,
        coalesce(shared.aim, 0) > 0 and coalesce(respondents.respondents, 0) >= 10 as usable
    from shared
    full outer join respondents
        on shared.collection = respondents.collection and shared.simd_quintile = respondents.simd_quintile
),

placed as (
    select
        *,
        row_number() over (partition by collection order by case simd_quintile when 1 then 1 when 2 then 2 when 3 then 3 when 4 then 4 when 5 then 5 else 6 end, simd_quintile nulls last) as place
    from units
),

around as (
    select
        *,
        {{ usable_around('collection') }}
    from placed
),

-- A value with too few respondents is fitted together with the nearest one that has enough.
anchored as (
    select
        *,
        {{ nearest_usable() }} as margin
    from around
),

labels as (
    select
        collection,
        margin,
        {{ joined_text("coalesce(case simd_quintile when 1 then '1' when 2 then '2' when 3 then '3' when 4 then '4' when 5 then '5' else cast(simd_quintile as varchar) end, 'not_known')", 'place') }} as margin_label,
        sum(aim order by place) as margin_aim
    from anchored
    group by collection, margin
)

select
    anchored.collection,
    anchored.simd_quintile,
    anchored.aim,
    anchored.respondents,
    anchored.margin,
    labels.margin_label,
    labels.margin_aim
from anchored
inner join labels
    on anchored.collection = labels.collection and anchored.margin = labels.margin
