-- Generated from data_contracts/deliveries/wellbeing_secondary.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table', schema='scored') }}

-- One row for each cell with pupils on the roll or respondents: what it is weighted with, and why.
-- From cpp_code to stage: a value with too few respondents, or with nobody on the roll, joins the nearest one
-- that has both; where none has, all stand together. So the cells in use are a partition of the pupils, each
-- with a roll and respondents, and their weights add up to the roll.
with counted as (
    select
        collection, cpp_code, stage, sex,
        cast(pupils as bigint) as roll,
        cast(0 as bigint) as respondents
    from {{ ref('stg_school_roll') }}
    where (stage is null or (stage = 'S1' or stage = 'S2' or stage = 'S3' or stage = 'S4'))
    union all
    select
        collection, cpp_code, stage, sex,
        cast(0 as bigint) as roll,
        cast(1 as bigint) as respondents
    from {{ ref('allocated_wellbeing_secondary') }}
    where (stage is null or (stage = 'S1' or stage = 'S2' or stage = 'S3' or stage = 'S4'))
),

-- A roll where nobody answered at all waits for its survey.
level_0 as (
    select
        collection, cpp_code, stage, sex,
        sum(roll) as roll,
        sum(respondents) as respondents,
        '' as path_0
    from counted
    where collection in (select collection from counted where respondents > 0)
    group by collection, cpp_code, stage, sex
),

units_1 as (
    select
        collection,
        path_0,
        cpp_code,
        sum(roll) > 0 and sum(respondents) >= 10 as usable,
        row_number() over (
            partition by collection, path_0
            order by 1, cpp_code nulls last
        ) as place
    from level_0
    group by collection, path_0, cpp_code
),

around_1 as (
    select
        *,
        {{ usable_around('collection, path_0') }}
    from units_1
),

anchored_1 as (
    select
        *,
        {{ nearest_usable() }} as anchor
    from around_1
),

labels_1 as (
    select
        collection,
        path_0,
        anchor,
        {{ joined_text("coalesce(cast(cpp_code as varchar), 'not_known')", 'place') }} as label
    from anchored_1
    group by collection, path_0, anchor
),

level_1 as (
    select
        cells.*,
        anchored.path_0 || '.' || cast(anchored.anchor as varchar) as path_1,
        labels.label as label_1
    from level_0 as cells
    inner join anchored_1 as anchored
        on
            cells.collection = anchored.collection
            and cells.path_0 = anchored.path_0
            and cells.cpp_code is not distinct from anchored.cpp_code
    inner join labels_1 as labels
        on
            anchored.collection = labels.collection
            and anchored.path_0 = labels.path_0
            and anchored.anchor = labels.anchor
),

units_2 as (
    select
        collection,
        path_1,
        sex,
        sum(roll) > 0 and sum(respondents) >= 10 as usable,
        row_number() over (
            partition by collection, path_1
            order by case sex when 1 then 1 when 2 then 2 else 3 end, sex nulls last
        ) as place
    from level_1
    group by collection, path_1, sex
),

around_2 as (
    select
        *,
        {{ usable_around('collection, path_1') }}
    from units_2
),

anchored_2 as (
    select
        *,
        {{ nearest_usable() }} as anchor
    from around_2
),

labels_2 as (
    select
        collection,
        path_1,
        anchor,
        {{ joined_text("coalesce(case sex when 1 then 'female' when 2 then 'male' else cast(sex as varchar) end, 'not_known')", 'place') }} as label
    from anchored_2
    group by collection, path_1, anchor
),

level_2 as (
    select
        cells.*,
        anchored.path_1 || '.' || cast(anchored.anchor as varchar) as path_2,
        labels.label as label_2
    from level_1 as cells
    inner join anchored_2 as anchored
        on
            cells.collection = anchored.collection
            and cells.path_1 = anchored.path_1
            and cells.sex is not distinct from anchored.sex
    inner join labels_2 as labels
        on
            anchored.collection = labels.collection
            and anchored.path_1 = labels.path_1
            and anchored.anchor = labels.anchor
),

units_3 as (
    select
        collection,
        path_2,
        stage,
        sum(roll) > 0 and sum(respondents) >= 10 as usable,
        row_number() over (
            partition by collection, path_2
            order by case stage when 'S1' then 1 when 'S2' then 2 when 'S3' then 3 when 'S4' then 4 else 5 end, stage nulls last
        ) as place
    from level_2
    group by collection, path_2, stage
),

around_3 as (
    select
        *,
        {{ usable_around('collection, path_2') }}
    from units_3
),

anchored_3 as (
    select
        *,
        {{ nearest_usable() }} as anchor
    from around_3
),

labels_3 as (
    select
        collection,
        path_2,
        anchor,
        {{ joined_text("coalesce(cast(stage as varchar), 'not_known')", 'place') }} as label
    from anchored_3
    group by collection, path_2, anchor
),

level_3 as (
    select
        cells.*,
        anchored.path_2 || '.' || cast(anchored.anchor as varchar) as path_3,
        labels.label as label_3
    from level_2 as cells
    inner join anchored_3 as anchored
        on
            cells.collection = anchored.collection
            and cells.path_2 = anchored.path_2
            and cells.stage is not distinct from anchored.stage
    inner join labels_3 as labels
        on
            anchored.collection = labels.collection
            and anchored.path_2 = labels.path_2
            and anchored.anchor = labels.anchor
),

joined as (
    select
        *,
        sum(roll) over (partition by collection, path_3) as cell_roll,
        sum(respondents) over (partition by collection, path_3) as cell_respondents,
        count(*) over (partition by collection, path_3) as cell_parts,
        min(respondents) over (partition by collection, path_3) as least_respondents
    from level_3
)

select
    collection, cpp_code, stage, sex,
    cast(roll as bigint) as roll,
    cast(respondents as bigint) as respondents,
    path_3 as cell,
    label_2 || ', ' || label_3 as cell_label,
    cast(cell_roll as bigint) as cell_roll,
    cast(cell_respondents as bigint) as cell_respondents,
    cast(cell_parts as bigint) as cell_parts,
    cast(least_respondents as bigint) as least_respondents,
    case
        when cell_roll = 0 then 'no_roll'
        when respondents = 0 then 'no_respondents'
        when roll = 0 then 'not_on_roll'
        when respondents < 10 then 'few_respondents'
        when cell_parts > 1 then 'takes_in'
        else 'alone'
    end as reason,
    -- Without any roll everybody counts once.
    case
        when cell_roll = 0 then 1.0
        else {{ dyadic('cast(cell_roll as double) / nullif(cast(cell_respondents as double), 0)', weight_places()) }}
    end as weight
from joined
union all
-- Answers of a stage that the survey does not ask stand for nobody.
select
    collection, cpp_code, stage, sex,
    cast(0 as bigint) as roll,
    count(*) as respondents,
    cast(null as varchar) as cell,
    cast(null as varchar) as cell_label,
    cast(0 as bigint) as cell_roll,
    cast(0 as bigint) as cell_respondents,
    cast(0 as bigint) as cell_parts,
    cast(0 as bigint) as least_respondents,
    'outside_survey' as reason,
    0.0 as weight
from {{ ref('allocated_wellbeing_secondary') }}
where not (stage is null or (stage = 'S1' or stage = 'S2' or stage = 'S3' or stage = 'S4'))
group by collection, cpp_code, stage, sex
