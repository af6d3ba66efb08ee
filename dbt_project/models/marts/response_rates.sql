-- Generated from data_contracts/products/rcs/response_rates.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

-- Who answered, of those on the roll, by place and group.
with counted_1 as (
    select
        collection,
        design_school as school,
        stage,
        sex,
        count(*) as respondents,
        sum(case when linked = 1 then 1 else 0 end) as linked
    from {{ ref('pupils_wellbeing_primary') }}
    group by collection, design_school, stage, sex
),

rolls_1 as (
    select
        collection,
        cast(school_code as varchar) as school,
        stage,
        sex,
        sum(pupils) as roll
    from {{ ref('stg_school_roll') }}
    -- The roll of a partnership counts only where that partnership took part with this instrument.
    where collection in (select collection from counted_1) and (stage = 'P5' or stage = 'P6' or stage = 'P7')
    group by collection, school, stage, sex
),

cells_1 as (
    select
        'primary' as instrument,
        registered.wave,
        registered.tranche,
        registered.cpp_code,
        registered.collected,
        joined.*
    from (
        select
            coalesce(counted.collection, rolls.collection) as collection,
            coalesce(counted.school, rolls.school) as school,
            coalesce(counted.stage, rolls.stage) as stage,
            coalesce(counted.sex, rolls.sex) as sex,
            rolls.roll,
            coalesce(counted.respondents, 0) as respondents,
            counted.linked
        from counted_1 as counted
        full outer join rolls_1 as rolls
            on
                counted.collection = rolls.collection
                and counted.school = rolls.school
                and counted.stage = rolls.stage
                and counted.sex = rolls.sex
    ) as joined
    left join {{ ref('registered_collections') }} as registered
        on joined.collection = registered.collection
),

counted_2 as (
    select
        collection,
        design_school as school,
        stage,
        sex,
        count(*) as respondents,
        sum(case when linked = 1 then 1 else 0 end) as linked
    from {{ ref('pupils_wellbeing_secondary') }}
    group by collection, design_school, stage, sex
),

rolls_2 as (
    select
        collection,
        cast(school_code as varchar) as school,
        stage,
        sex,
        sum(pupils) as roll
    from {{ ref('stg_school_roll') }}
    -- The roll of a partnership counts only where that partnership took part with this instrument.
    where collection in (select collection from counted_2) and (stage = 'S1' or stage = 'S2' or stage = 'S3' or stage = 'S4')
    group by collection, school, stage, sex
),

cells_2 as (
    select
        'secondary' as instrument,
        registered.wave,
        registered.tranche,
        registered.cpp_code,
        registered.collected,
        joined.*
    from (
        select
            coalesce(counted.collection, rolls.collection) as collection,
            coalesce(counted.school, rolls.school) as school,
            coalesce(counted.stage, rolls.stage) as stage,
            coalesce(counted.sex, rolls.sex) as sex,
            rolls.roll,
            coalesce(counted.respondents, 0) as respondents,
            counted.linked
        from counted_2 as counted
        full outer join rolls_2 as rolls
            on
                counted.collection = rolls.collection
                and counted.school = rolls.school
                and counted.stage = rolls.stage
                and counted.sex = rolls.sex
    ) as joined
    left join {{ ref('registered_collections') }} as registered
        on joined.collection = registered.collection
),

grouped as (
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'all' as group_by,
'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        count(distinct case when roll > 0 then collection || '/' || school end) as schools_on_roll,
        count(distinct case when roll > 0 and respondents > 0 then collection || '/' || school end) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where 'rcs' is not null
    group by instrument, wave, 'rcs', group_value
    union all
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'stage' as group_by,
cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where 'rcs' is not null
    group by instrument, wave, 'rcs', group_value
    union all
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex' as group_by,
case sex when 1 then 'female' when 2 then 'male' end as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where 'rcs' is not null
    group by instrument, wave, 'rcs', group_value
    union all
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex+stage' as group_by,
case sex when 1 then 'female' when 2 then 'male' end || '+' || cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where 'rcs' is not null
    group by instrument, wave, 'rcs', group_value
    
    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'all' as group_by,
'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        count(distinct case when roll > 0 then collection || '/' || school end) as schools_on_roll,
        count(distinct case when roll > 0 and respondents > 0 then collection || '/' || school end) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where tranche is not null
    group by instrument, wave, tranche, group_value
    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'stage' as group_by,
cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where tranche is not null
    group by instrument, wave, tranche, group_value
    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex' as group_by,
case sex when 1 then 'female' when 2 then 'male' end as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where tranche is not null
    group by instrument, wave, tranche, group_value
    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex+stage' as group_by,
case sex when 1 then 'female' when 2 then 'male' end || '+' || cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where tranche is not null
    group by instrument, wave, tranche, group_value
    
    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'all' as group_by,
'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        count(distinct case when roll > 0 then collection || '/' || school end) as schools_on_roll,
        count(distinct case when roll > 0 and respondents > 0 then collection || '/' || school end) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where cpp_code is not null
    group by instrument, wave, cpp_code, group_value
    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'stage' as group_by,
cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where cpp_code is not null
    group by instrument, wave, cpp_code, group_value
    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex' as group_by,
case sex when 1 then 'female' when 2 then 'male' end as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where cpp_code is not null
    group by instrument, wave, cpp_code, group_value
    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex+stage' as group_by,
case sex when 1 then 'female' when 2 then 'male' end || '+' || cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where cpp_code is not null
    group by instrument, wave, cpp_code, group_value
    
    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'all' as group_by,
'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        count(distinct case when roll > 0 then collection || '/' || school end) as schools_on_roll,
        count(distinct case when roll > 0 and respondents > 0 then collection || '/' || school end) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where school is not null
    group by instrument, wave, school, group_value
    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'stage' as group_by,
cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where school is not null
    group by instrument, wave, school, group_value
    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex' as group_by,
case sex when 1 then 'female' when 2 then 'male' end as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where school is not null
    group by instrument, wave, school, group_value
    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex+stage' as group_by,
case sex when 1 then 'female' when 2 then 'male' end || '+' || cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_1
    where school is not null
    group by instrument, wave, school, group_value
    

    union all
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'all' as group_by,
'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        count(distinct case when roll > 0 then collection || '/' || school end) as schools_on_roll,
        count(distinct case when roll > 0 and respondents > 0 then collection || '/' || school end) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where 'rcs' is not null
    group by instrument, wave, 'rcs', group_value
    union all
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'stage' as group_by,
cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where 'rcs' is not null
    group by instrument, wave, 'rcs', group_value
    union all
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex' as group_by,
case sex when 1 then 'female' when 2 then 'male' end as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where 'rcs' is not null
    group by instrument, wave, 'rcs', group_value
    union all
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex+stage' as group_by,
case sex when 1 then 'female' when 2 then 'male' end || '+' || cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where 'rcs' is not null
    group by instrument, wave, 'rcs', group_value
    
    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'all' as group_by,
'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        count(distinct case when roll > 0 then collection || '/' || school end) as schools_on_roll,
        count(distinct case when roll > 0 and respondents > 0 then collection || '/' || school end) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where tranche is not null
    group by instrument, wave, tranche, group_value
    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'stage' as group_by,
cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where tranche is not null
    group by instrument, wave, tranche, group_value
    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex' as group_by,
case sex when 1 then 'female' when 2 then 'male' end as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where tranche is not null
    group by instrument, wave, tranche, group_value
    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex+stage' as group_by,
case sex when 1 then 'female' when 2 then 'male' end || '+' || cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where tranche is not null
    group by instrument, wave, tranche, group_value
    
    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'all' as group_by,
'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        count(distinct case when roll > 0 then collection || '/' || school end) as schools_on_roll,
        count(distinct case when roll > 0 and respondents > 0 then collection || '/' || school end) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where cpp_code is not null
    group by instrument, wave, cpp_code, group_value
    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'stage' as group_by,
cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where cpp_code is not null
    group by instrument, wave, cpp_code, group_value
    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex' as group_by,
case sex when 1 then 'female' when 2 then 'male' end as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where cpp_code is not null
    group by instrument, wave, cpp_code, group_value
    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex+stage' as group_by,
case sex when 1 then 'female' when 2 then 'male' end || '+' || cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where cpp_code is not null
    group by instrument, wave, cpp_code, group_value
    
    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'all' as group_by,
'all' as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        count(distinct case when roll > 0 then collection || '/' || school end) as schools_on_roll,
        count(distinct case when roll > 0 and respondents > 0 then collection || '/' || school end) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where school is not null
    group by instrument, wave, school, group_value
    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'stage' as group_by,
cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where school is not null
    group by instrument, wave, school, group_value
    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex' as group_by,
case sex when 1 then 'female' when 2 then 'male' end as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where school is not null
    group by instrument, wave, school, group_value
    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,

        'sex+stage' as group_by,
case sex when 1 then 'female' when 2 then 'male' end || '+' || cast(stage as varchar) as group_value,
        sum(roll) as roll,
        sum(respondents) as respondents,
        -- That all schools with pupils of a group took part says of a roll of one who answered.
        cast(null as bigint) as schools_on_roll,
        cast(null as bigint) as schools_taking_part,
        sum(linked) as linked
    from cells_2
    where school is not null
    group by instrument, wave, school, group_value
    


),

rates as (
    select
        *,
        cast(respondents as double) / nullif(roll, 0) as response_rate,
        cast(linked as double) / nullif(respondents, 0) as linked_share,
        case when respondents > roll then 'above_roll' end as quality_flag,
        case when coalesce(roll, 0) = 0 then 'x' end as symbol
    from grouped
    -- Pupils whose group is not known stand in no group.
    where group_value is not null
)

select
    cast(rates.instrument as varchar) as instrument,
    cast(rates.wave as varchar) as wave,
    cast(rates.geography_level as varchar) as geography_level,
    cast(rates.geography_code as varchar) as geography_code,
    cast(coalesce(places.geography_name, rates.geography_code) as varchar) as geography_name,
    cast(rates.tranche as varchar) as tranche,
    cast(rates.collection as varchar) as collection,
    cast(rates.collected as varchar) as collected,
    cast(rates.group_by as varchar) as group_by,
    cast(rates.group_value as varchar) as group_value,
    cast(case when rates.symbol is null then rates.roll end as integer) as roll,
    cast(case when rates.symbol is null then rates.respondents end as integer) as respondents,
    cast(case when rates.symbol is null then rates.response_rate end as double) as response_rate,
    cast(rates.symbol as varchar) as symbol,
    cast(case when rates.symbol is null then rates.schools_on_roll end as integer) as schools_on_roll,
    cast(case when rates.symbol is null then rates.schools_taking_part end as integer) as schools_taking_part,
    cast(rates.quality_flag as varchar) as quality_flag,
    cast(case when rates.symbol is null then rates.linked end as integer) as linked,
    cast(case when rates.symbol is null then rates.linked_share end as double) as linked_share
from rates
left join {{ ref('geographies') }} as places
    on rates.geography_level = places.geography_level and rates.geography_code = places.geography_code
order by instrument, wave, geography_level, geography_code, group_by, group_value

