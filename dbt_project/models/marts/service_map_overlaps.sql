{{ config(materialized='table') }}

-- How much of what partners do for the same need, stage of life and place lies side by side. Counts, no amounts.
with offered as (
    select
        collection,
        need_type,
        stage_group,
        count(distinct service_id) as services,
        count(distinct lead_partner) as lead_partners
    from {{ ref('service_map_shares') }}
    group by collection, need_type, stage_group
),

pairs as (
    select
        collection,
        need_type,
        stage_group,
        count(*) as pairs
    from {{ ref('overlapping_services') }}
    group by collection, need_type, stage_group
)

select
    cast(offered.collection as varchar) as collection,
    cast(registered.cpp_code as varchar) as cpp_code,
    cast(registered.cpp_name as varchar) as cpp_name,
    cast(offered.need_type as varchar) as need_type,
    cast(offered.stage_group as varchar) as stage_group,
    cast(offered.services as integer) as services,
    cast(offered.lead_partners as integer) as lead_partners,
    cast(coalesce(pairs.pairs, 0) as integer) as overlapping_pairs
from offered
inner join {{ ref('registered_collections') }} as registered on offered.collection = registered.collection
left join pairs
    on offered.collection = pairs.collection
        and offered.need_type = pairs.need_type
        and offered.stage_group = pairs.stage_group
order by collection, need_type, stage_group
