-- Generated from the register by `make generate`. Do not edit: change the contract.
{{ config(materialized='table', schema='register') }}

select *
from (
    values
    ('programme', 'rcs', 'Realigning Children''s Services, wellbeing surveys and maps of services'),
    ('tranche', '1', 'Tranche 1'),
    ('tranche', '2', 'Tranche 2'),
    ('tranche', '3', 'Tranche 3'),
    ('cpp', 'S12000005', 'Clackmannanshire'),
    ('cpp', 'S12000006', 'Dumfries and Galloway'),
    ('cpp', 'S12000014', 'Falkirk'),
    ('cpp', 'S12000020', 'Moray'),
    ('cpp', 'S12000028', 'South Ayrshire'),
    ('cpp', 'S12000029', 'South Lanarkshire'),
    ('cpp', 'S12000040', 'West Lothian'),
    ('cpp', 'S12000050', 'North Lanarkshire')
) as places (geography_level, geography_code, geography_name)
union all
select
    'school' as geography_level,
    cast(school_code as varchar) as geography_code,
    min(school_name) as geography_name
from {{ ref('stg_school_roll') }}
group by school_code
