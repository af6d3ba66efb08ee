{{ config(materialized='table', schema='planning') }}

-- Every service once for each need, level of support and stage of life that it is for. `weight` is its share in
-- millionths: three whole per cents multiplied, so that what is added up is whole and in any order the same.
-- Amounts are in pence of the reporting year's prices.
with services as (
    select
        mapped.*,
        cast(round(mapped.gross_actual * 100 * coalesce(given.in_last_year / reported.in_last_year, 1)) as bigint)
            as gross_pence,
        cast(round(mapped.income * 100 * coalesce(given.in_last_year / reported.in_last_year, 1)) as bigint)
            as income_pence,
        -- Years of age in each stage, the later ones with those before: a year before birth counts as one.
        greatest(0, least(mapped.age_to, 4) - mapped.age_from + 1) as until_school,
        greatest(0, least(mapped.age_to, 11) - mapped.age_from + 1) as until_primary,
        greatest(0, least(mapped.age_to, 17) - mapped.age_from + 1) as until_secondary,
        greatest(1, mapped.age_to - mapped.age_from + 1) as all_ages,
        coalesce(
            mapped.share_before_school, mapped.share_primary, mapped.share_secondary, mapped.share_after_school
        ) is not null as ages_shared
    from {{ ref('stg_service_map') }} as mapped
    left join {{ ref('price_index') }} as given
        on coalesce(mapped.price_year, mapped.reporting_year) = given.price_year
    left join {{ ref('price_index') }} as reported on mapped.reporting_year = reported.price_year
),

needs as (
    select
        collection,
        service_id,
        need_type,
        coalesce(need_share, 100 - coalesce(need_share_2, 0) - coalesce(need_share_3, 0)) as share
    from services
    union all
    select
        collection,
        service_id,
        need_type_2,
        need_share_2
    from services
    union all
    select
        collection,
        service_id,
        need_type_3,
        need_share_3
    from services
),

levels as (
    select
        collection,
        service_id,
        level_of_support,
        coalesce(level_share, 100 - coalesce(level_share_2, 0)) as share
    from services
    union all
    select
        collection,
        service_id,
        level_2,
        level_share_2
    from services
),

stages as (
    select
        collection,
        service_id,
        'before_school' as stage_group,
        case when ages_shared then share_before_school else round(100.0 * until_school / all_ages) end as share
    from services
    union all
    select
        collection,
        service_id,
        'primary' as stage_group,
        case
            when ages_shared then share_primary
            else round(100.0 * until_primary / all_ages) - round(100.0 * until_school / all_ages)
        end as share
    from services
    union all
    select
        collection,
        service_id,
        'secondary' as stage_group,
        case
            when ages_shared then share_secondary
            else round(100.0 * until_secondary / all_ages) - round(100.0 * until_primary / all_ages)
        end as share
    from services
    union all
    select
        collection,
        service_id,
        'after_school' as stage_group,
        case when ages_shared then share_after_school else 100 - round(100.0 * until_secondary / all_ages) end as share
    from services
)

select
    services.collection,
    services.service_id,
    services.provider,
    services.lead_partner,
    services.evidence_rating,
    services.geography,
    services.place,
    services.age_from,
    services.age_to,
    services.reporting_year,
    services.contract_end_date,
    services.reach_year,
    services.capacity,
    services.gross_pence,
    services.income_pence,
    needs.need_type,
    levels.level_of_support,
    stages.stage_group,
    levels.level_of_support in ('universal', 'additional') as is_prevention,
    services.evidence_rating in ('promising', 'effective') as is_evidenced,
    cast(needs.share as bigint) * cast(levels.share as bigint) * cast(stages.share as bigint) as weight
from services
inner join needs on services.collection = needs.collection and services.service_id = needs.service_id
inner join levels on services.collection = levels.collection and services.service_id = levels.service_id
inner join stages on services.collection = stages.collection and services.service_id = stages.service_id
where needs.share > 0 and levels.share > 0 and stages.share > 0
