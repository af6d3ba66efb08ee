-- Generated from data_contracts/deliveries/wellbeing_primary.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table', schema='scored') }}

-- A cell is split further only where each of its parts has a roll and enough respondents, so that the cells
-- in use are a partition of the pupils and their weights add up to the roll.
with roll as (
    select
        collection, cpp_code, stage, sex,
        cast(sum(pupils) as bigint) as pupils
    from {{ ref('stg_school_roll') }}
    where (stage = 'P5' or stage = 'P6' or stage = 'P7')
    group by collection, cpp_code, stage, sex
),

respondents as (
    select
        collection, cpp_code, stage, sex,
        count(*) as pupils
    from {{ ref('allocated_wellbeing_primary') }}
    group by collection, cpp_code, stage, sex
),

level_0 as (
    select
        answered.collection,
        known.pupils as roll,
        answered.pupils as respondents,
        coalesce(known.pupils, 0) > 0 and answered.pupils >= 10 as usable
    from (select collection, cast(sum(pupils) as bigint) as pupils from respondents group by collection) as answered
    left join (select collection, cast(sum(pupils) as bigint) as pupils from roll group by collection) as known
        on answered.collection = known.collection
),

level_1 as (
    select
        answered.collection, answered.cpp_code,
        known.pupils as roll,
        answered.pupils as respondents,
        coalesce(known.pupils, 0) > 0 and answered.pupils >= 10 as usable
    from (select collection, cpp_code, cast(sum(pupils) as bigint) as pupils from respondents group by collection, cpp_code) as answered
    left join (select collection, cpp_code, cast(sum(pupils) as bigint) as pupils from roll group by collection, cpp_code) as known
        on answered.collection = known.collection and answered.cpp_code is not distinct from known.cpp_code
),

level_2 as (
    select
        answered.collection, answered.cpp_code, answered.stage,
        known.pupils as roll,
        answered.pupils as respondents,
        coalesce(known.pupils, 0) > 0 and answered.pupils >= 10 as usable
    from (select collection, cpp_code, stage, cast(sum(pupils) as bigint) as pupils from respondents group by collection, cpp_code, stage) as answered
    left join (select collection, cpp_code, stage, cast(sum(pupils) as bigint) as pupils from roll group by collection, cpp_code, stage) as known
        on answered.collection = known.collection and answered.cpp_code is not distinct from known.cpp_code and answered.stage is not distinct from known.stage
),

level_3 as (
    select
        answered.collection, answered.cpp_code, answered.stage, answered.sex,
        known.pupils as roll,
        answered.pupils as respondents,
        coalesce(known.pupils, 0) > 0 and answered.pupils >= 10 as usable
    from (select collection, cpp_code, stage, sex, cast(sum(pupils) as bigint) as pupils from respondents group by collection, cpp_code, stage, sex) as answered
    left join (select collection, cpp_code, stage, sex, cast(sum(pupils) as bigint) as pupils from roll group by collection, cpp_code, stage, sex) as known
        on answered.collection = known.collection and answered.cpp_code is not distinct from known.cpp_code and answered.stage is not distinct from known.stage and answered.sex is not distinct from known.sex
),

split_1 as (
    select
        collection,
        min(case when usable then 1 else 0 end) as splits
    from level_1
    group by collection
),

split_2 as (
    select
        collection, cpp_code,
        min(case when usable then 1 else 0 end) as splits
    from level_2
    group by collection, cpp_code
),

split_3 as (
    select
        collection, cpp_code, stage,
        min(case when usable then 1 else 0 end) as splits
    from level_3
    group by collection, cpp_code, stage
),

chosen as (
    select
        finest.collection, finest.cpp_code, finest.stage, finest.sex,
        case
            when split_1.splits = 1 and split_2.splits = 1 and split_3.splits = 1 then 3
            when split_1.splits = 1 and split_2.splits = 1 then 2
            when split_1.splits = 1 then 1
            else 0
        end as cell_level,
        level_0.roll as roll_0,
        level_0.respondents as respondents_0,
        level_1.roll as roll_1,
        level_1.respondents as respondents_1,
        level_2.roll as roll_2,
        level_2.respondents as respondents_2,
        level_3.roll as roll_3,
        level_3.respondents as respondents_3
    from respondents as finest
    inner join level_0 on finest.collection = level_0.collection
    inner join level_1 on finest.collection = level_1.collection and finest.cpp_code is not distinct from level_1.cpp_code
    inner join level_2 on finest.collection = level_2.collection and finest.cpp_code is not distinct from level_2.cpp_code and finest.stage is not distinct from level_2.stage
    inner join level_3 on finest.collection = level_3.collection and finest.cpp_code is not distinct from level_3.cpp_code and finest.stage is not distinct from level_3.stage and finest.sex is not distinct from level_3.sex
    inner join split_1 on finest.collection = split_1.collection
    inner join split_2 on finest.collection = split_2.collection and finest.cpp_code is not distinct from split_2.cpp_code
    inner join split_3 on finest.collection = split_3.collection and finest.cpp_code is not distinct from split_3.cpp_code and finest.stage is not distinct from split_3.stage
),

counted as (
    select
        collection, cpp_code, stage, sex,
        cell_level,
        case cell_level
            when 0 then roll_0
            when 1 then roll_1
            when 2 then roll_2
            when 3 then roll_3
        end as roll,
        case cell_level
            when 0 then respondents_0
            when 1 then respondents_1
            when 2 then respondents_2
            when 3 then respondents_3
        end as respondents
    from chosen
)

select
    collection, cpp_code, stage, sex,
    cell_level,
    roll,
    respondents,
    -- Without any roll everybody counts once.
    case when coalesce(roll, 0) > 0 then {{ dyadic('cast(roll as double) / nullif(respondents, 0)', weight_places()) }} else 1.0 end as weight
from counted
