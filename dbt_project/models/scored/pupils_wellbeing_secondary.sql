-- Generated from data_contracts/deliveries/wellbeing_secondary.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', schema='scored') }}

select
    pupils.*,
    registered.wave,
    registered.tranche,
    registered.collected,
    coalesce(registered.cpp_code, pupils.cpp_code) as design_cpp,
    cast(pupils.cpp_code as varchar) as design_stratum,
    cast(pupils.school_code as varchar) as design_cluster,
    cast(pupils.school_code as varchar) as design_school,
    cast(pupils.learning_community as varchar) as design_community,
    weights.weight as design_weight
from {{ ref('allocated_wellbeing_secondary') }} as pupils
left join {{ ref('registered_collections') }} as registered
    on pupils.collection = registered.collection
left join {{ ref('weights_wellbeing_secondary') }} as weights
    on
        pupils.collection = weights.collection
        and pupils.cpp_code is not distinct from weights.cpp_code
        and pupils.stage is not distinct from weights.stage
        and pupils.sex is not distinct from weights.sex
