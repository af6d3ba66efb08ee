-- Generated from data_contracts/deliveries/school_roll.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', schema='staging') }}

select
    collection,
    source_row,
    cpp_code,
    school_code,
    school_name,
    stage,
    sex,
    pupils,
    simd_q1_share,
    simd_q2_share,
    simd_q3_share,
    simd_q4_share,
    simd_q5_share
from {{ source('raw', 'school_roll') }}
