{{ config(materialized='view', schema='planning') }}

-- Two services of different lead partners for the same need and stage of life, whose ages overlap and whose places
-- may: the same place, or one of them is for the whole partnership. Candidates to co-ordinate, no more than that.
with offered as (
    select
        collection,
        service_id,
        lead_partner,
        need_type,
        stage_group,
        geography,
        lower(trim(place)) as place,
        age_from,
        age_to,
        sum(gross_pence * weight) as gross_parts
    from {{ ref('service_map_shares') }}
    group by all
)

select
    one.collection,
    one.need_type,
    one.stage_group,
    one.service_id,
    two.service_id as other_service_id,
    one.lead_partner,
    two.lead_partner as other_lead_partner,
    greatest(one.age_from, two.age_from) as age_from,
    least(one.age_to, two.age_to) as age_to,
    case when one.geography = 'cpp_wide' then two.place else one.place end as place,
    cast(one.gross_parts + two.gross_parts as double) / 100000000 as gross_actual
from offered as one
inner join offered as two
    on one.collection = two.collection
        and one.need_type = two.need_type
        and one.stage_group = two.stage_group
        and one.service_id < two.service_id
        and one.lead_partner <> two.lead_partner
        and one.age_from <= two.age_to
        and two.age_from <= one.age_to
        and (one.geography = 'cpp_wide' or two.geography = 'cpp_wide' or one.place = two.place)
