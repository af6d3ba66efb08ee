-- Generated from data_contracts/deliveries/wellbeing_secondary.odcs.yaml and the register by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', schema='scored') }}

select
    pupils.*,
    case pupils.collection
        when 't1-clackmannanshire-2015' then 'rcs-1'
        when 't1-west-lothian-2015' then 'rcs-1'
        when 't1-south-lanarkshire-2015' then 'rcs-1'
        when 't2-north-lanarkshire-2016' then 'rcs-1'
        when 't2-falkirk-2016' then 'rcs-1'
        when 't3-dumfries-and-galloway-2018' then 'rcs-1'
        when 't3-moray-2018' then 'rcs-1'
        when 't3-south-ayrshire-2018' then 'rcs-1'
        else cast(null as varchar)
    end as wave,
    case pupils.collection
        when 't1-clackmannanshire-2015' then '1'
        when 't1-west-lothian-2015' then '1'
        when 't1-south-lanarkshire-2015' then '1'
        when 't2-north-lanarkshire-2016' then '2'
        when 't2-falkirk-2016' then '2'
        when 't3-dumfries-and-galloway-2018' then '3'
        when 't3-moray-2018' then '3'
        when 't3-south-ayrshire-2018' then '3'
        else cast(null as varchar)
    end as tranche,
    case pupils.collection
        when 't1-clackmannanshire-2015' then '2015-16'
        when 't1-west-lothian-2015' then '2015-16'
        when 't1-south-lanarkshire-2015' then '2015-16'
        when 't2-north-lanarkshire-2016' then '2016-17'
        when 't2-falkirk-2016' then '2016-17'
        when 't3-dumfries-and-galloway-2018' then '2018-19'
        when 't3-moray-2018' then '2018-19'
        when 't3-south-ayrshire-2018' then '2018-19'
        else cast(null as varchar)
    end as collected,
    case pupils.collection
        when 't1-clackmannanshire-2015' then 'S12000005'
        when 't1-west-lothian-2015' then 'S12000040'
        when 't1-south-lanarkshire-2015' then 'S12000029'
        when 't2-north-lanarkshire-2016' then 'S12000050'
        when 't2-falkirk-2016' then 'S12000014'
        when 't3-dumfries-and-galloway-2018' then 'S12000006'
        when 't3-moray-2018' then 'S12000020'
        when 't3-south-ayrshire-2018' then 'S12000028'
        else cast(pupils.cpp_code as varchar)
    end as design_cpp,
    cast(pupils.cpp_code as varchar) as design_stratum,
    cast(pupils.school_code as varchar) as design_cluster,
    cast(pupils.school_code as varchar) as design_school,
    cast(pupils.learning_community as varchar) as design_community,
    weights.weight as design_weight
from {{ ref('allocated_wellbeing_secondary') }} as pupils
left join {{ ref('weights_wellbeing_secondary') }} as weights
    on
        pupils.collection = weights.collection
        and pupils.cpp_code is not distinct from weights.cpp_code
        and pupils.stage is not distinct from weights.stage
        and pupils.sex is not distinct from weights.sex
