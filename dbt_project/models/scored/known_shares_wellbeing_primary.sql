-- Generated from data_contracts/deliveries/wellbeing_primary.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table', schema='scored') }}

-- Cumulative counts of the known values: a draw between 0 and the last of them picks a value.
with cells as (
    select
        collection,
        school_code,
        stage,
        sum(case when sex in (1) then 1 else 0 end) as sex__1,
        sum(case when sex in (1, 2) then 1 else 0 end) as sex__2,
        sum(case when simd_quintile in (1) then 1 else 0 end) as simd_quintile__1,
        sum(case when simd_quintile in (1, 2) then 1 else 0 end) as simd_quintile__2,
        sum(case when simd_quintile in (1, 2, 3) then 1 else 0 end) as simd_quintile__3,
        sum(case when simd_quintile in (1, 2, 3, 4) then 1 else 0 end) as simd_quintile__4,
        sum(case when simd_quintile in (1, 2, 3, 4, 5) then 1 else 0 end) as simd_quintile__5,
        sum(case when urban_rural in (1) then 1 else 0 end) as urban_rural__1,
        sum(case when urban_rural in (1, 2) then 1 else 0 end) as urban_rural__2,
        sum(case when urban_rural in (1, 2, 3) then 1 else 0 end) as urban_rural__3,
        sum(case when urban_rural in (1, 2, 3, 4) then 1 else 0 end) as urban_rural__4,
        sum(case when urban_rural in (1, 2, 3, 4, 5) then 1 else 0 end) as urban_rural__5,
        sum(case when urban_rural in (1, 2, 3, 4, 5, 6) then 1 else 0 end) as urban_rural__6,
        sum(case when urban_rural in (1, 2, 3, 4, 5, 6, 7) then 1 else 0 end) as urban_rural__7,
        sum(case when urban_rural in (1, 2, 3, 4, 5, 6, 7, 8) then 1 else 0 end) as urban_rural__8,
        sum(case when additional_needs in (0) then 1 else 0 end) as additional_needs__1,
        sum(case when additional_needs in (0, 1) then 1 else 0 end) as additional_needs__2,
        sum(case when free_meals in (0) then 1 else 0 end) as free_meals__1,
        sum(case when free_meals in (0, 1) then 1 else 0 end) as free_meals__2
    from {{ ref('stg_wellbeing_primary') }}
    group by collection, school_code, stage
),

collections as (
    select
        collection,
        sum(sex__1) as sex__1,
        sum(sex__2) as sex__2,
        sum(simd_quintile__1) as simd_quintile__1,
        sum(simd_quintile__2) as simd_quintile__2,
        sum(simd_quintile__3) as simd_quintile__3,
        sum(simd_quintile__4) as simd_quintile__4,
        sum(simd_quintile__5) as simd_quintile__5,
        sum(urban_rural__1) as urban_rural__1,
        sum(urban_rural__2) as urban_rural__2,
        sum(urban_rural__3) as urban_rural__3,
        sum(urban_rural__4) as urban_rural__4,
        sum(urban_rural__5) as urban_rural__5,
        sum(urban_rural__6) as urban_rural__6,
        sum(urban_rural__7) as urban_rural__7,
        sum(urban_rural__8) as urban_rural__8,
        sum(additional_needs__1) as additional_needs__1,
        sum(additional_needs__2) as additional_needs__2,
        sum(free_meals__1) as free_meals__1,
        sum(free_meals__2) as free_meals__2
    from cells
    group by collection
),

everybody as (
    select
        sum(sex__1) as sex__1,
        sum(sex__2) as sex__2,
        sum(simd_quintile__1) as simd_quintile__1,
        sum(simd_quintile__2) as simd_quintile__2,
        sum(simd_quintile__3) as simd_quintile__3,
        sum(simd_quintile__4) as simd_quintile__4,
        sum(simd_quintile__5) as simd_quintile__5,
        sum(urban_rural__1) as urban_rural__1,
        sum(urban_rural__2) as urban_rural__2,
        sum(urban_rural__3) as urban_rural__3,
        sum(urban_rural__4) as urban_rural__4,
        sum(urban_rural__5) as urban_rural__5,
        sum(urban_rural__6) as urban_rural__6,
        sum(urban_rural__7) as urban_rural__7,
        sum(urban_rural__8) as urban_rural__8,
        sum(additional_needs__1) as additional_needs__1,
        sum(additional_needs__2) as additional_needs__2,
        sum(free_meals__1) as free_meals__1,
        sum(free_meals__2) as free_meals__2
    from cells
)

select
    cells.collection,
    cells.school_code,
    cells.stage,
    cast(case
        when cells.sex__2 > 0 then cells.sex__1
        when collections.sex__2 > 0 then collections.sex__1
        else everybody.sex__1
    end as bigint) as sex__1,
    cast(case
        when cells.sex__2 > 0 then cells.sex__2
        when collections.sex__2 > 0 then collections.sex__2
        else everybody.sex__2
    end as bigint) as sex__2,
    cast(case
        when cells.simd_quintile__5 > 0 then cells.simd_quintile__1
        when collections.simd_quintile__5 > 0 then collections.simd_quintile__1
        else everybody.simd_quintile__1
    end as bigint) as simd_quintile__1,
    cast(case
        when cells.simd_quintile__5 > 0 then cells.simd_quintile__2
        when collections.simd_quintile__5 > 0 then collections.simd_quintile__2
        else everybody.simd_quintile__2
    end as bigint) as simd_quintile__2,
    cast(case
        when cells.simd_quintile__5 > 0 then cells.simd_quintile__3
        when collections.simd_quintile__5 > 0 then collections.simd_quintile__3
        else everybody.simd_quintile__3
    end as bigint) as simd_quintile__3,
    cast(case
        when cells.simd_quintile__5 > 0 then cells.simd_quintile__4
        when collections.simd_quintile__5 > 0 then collections.simd_quintile__4
        else everybody.simd_quintile__4
    end as bigint) as simd_quintile__4,
    cast(case
        when cells.simd_quintile__5 > 0 then cells.simd_quintile__5
        when collections.simd_quintile__5 > 0 then collections.simd_quintile__5
        else everybody.simd_quintile__5
    end as bigint) as simd_quintile__5,
    cast(case
        when cells.urban_rural__8 > 0 then cells.urban_rural__1
        when collections.urban_rural__8 > 0 then collections.urban_rural__1
        else everybody.urban_rural__1
    end as bigint) as urban_rural__1,
    cast(case
        when cells.urban_rural__8 > 0 then cells.urban_rural__2
        when collections.urban_rural__8 > 0 then collections.urban_rural__2
        else everybody.urban_rural__2
    end as bigint) as urban_rural__2,
    cast(case
        when cells.urban_rural__8 > 0 then cells.urban_rural__3
        when collections.urban_rural__8 > 0 then collections.urban_rural__3
        else everybody.urban_rural__3
    end as bigint) as urban_rural__3,
    cast(case
        when cells.urban_rural__8 > 0 then cells.urban_rural__4
        when collections.urban_rural__8 > 0 then collections.urban_rural__4
        else everybody.urban_rural__4
    end as bigint) as urban_rural__4,
    cast(case
        when cells.urban_rural__8 > 0 then cells.urban_rural__5
        when collections.urban_rural__8 > 0 then collections.urban_rural__5
        else everybody.urban_rural__5
    end as bigint) as urban_rural__5,
    cast(case
        when cells.urban_rural__8 > 0 then cells.urban_rural__6
        when collections.urban_rural__8 > 0 then collections.urban_rural__6
        else everybody.urban_rural__6
    end as bigint) as urban_rural__6,
    cast(case
        when cells.urban_rural__8 > 0 then cells.urban_rural__7
        when collections.urban_rural__8 > 0 then collections.urban_rural__7
        else everybody.urban_rural__7
    end as bigint) as urban_rural__7,
    cast(case
        when cells.urban_rural__8 > 0 then cells.urban_rural__8
        when collections.urban_rural__8 > 0 then collections.urban_rural__8
        else everybody.urban_rural__8
    end as bigint) as urban_rural__8,
    cast(case
        when cells.additional_needs__2 > 0 then cells.additional_needs__1
        when collections.additional_needs__2 > 0 then collections.additional_needs__1
        else everybody.additional_needs__1
    end as bigint) as additional_needs__1,
    cast(case
        when cells.additional_needs__2 > 0 then cells.additional_needs__2
        when collections.additional_needs__2 > 0 then collections.additional_needs__2
        else everybody.additional_needs__2
    end as bigint) as additional_needs__2,
    cast(case
        when cells.free_meals__2 > 0 then cells.free_meals__1
        when collections.free_meals__2 > 0 then collections.free_meals__1
        else everybody.free_meals__1
    end as bigint) as free_meals__1,
    cast(case
        when cells.free_meals__2 > 0 then cells.free_meals__2
        when collections.free_meals__2 > 0 then collections.free_meals__2
        else everybody.free_meals__2
    end as bigint) as free_meals__2
from cells
inner join collections on cells.collection = collections.collection
cross join everybody
