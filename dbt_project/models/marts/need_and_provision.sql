{{ config(materialized='table') }}

-- Need by the survey beside what the map provides for the same need, ages and partnership. A question that counts
-- something good is turned round. Pupils in need: the share times the pupils whom those with an answer stand for.
-- Provision is called thin by children reached for each hundred pupils on the roll, not by money: what one partnership
-- spends must not be told by comparing it with others. The middle is over the partnerships with a map that gives reach.
with need as (
    select
        questions.need_type,
        estimates.*,
        indicators.domain,
        indicators.polarity = 'higher_is_better' as turned
    from {{ ref('indicator_estimates') }} as estimates
    inner join {{ ref('need_questions') }} as questions
        on estimates.indicator_id = questions.indicator_id and estimates.group_by = questions.group_by
    inner join {{ ref('registered_indicators') }} as indicators on estimates.indicator_id = indicators.indicator_id
    where estimates.geography_level = 'cpp'
),

turned_round as (
    select
        *,
        case when turned then 1 - estimate else estimate end as need_share,
        case when turned then 1 - upper else lower end as need_lower,
        case when turned then 1 - lower else upper end as need_upper,
        case when turned then 1 - comparator else comparator end as need_elsewhere
    from need
),

rolls as (
    select
        wave,
        geography_code,
        instrument,
        roll
    from {{ ref('response_rates') }}
    where geography_level = 'cpp' and group_by = 'all'
),

-- A partnership without a service for a need and age provides nothing for it, if it has sent a map.
maps as (
    select
        collection,
        case when min(reporting_year) = max(reporting_year) then min(reporting_year) end as reporting_year
    from {{ ref('service_map_shares') }}
    group by collection
),

mapped as (
    select
        registered.collection,
        registered.cpp_code,
        registered.wave,
        prices.price_year,
        prices.in_last_year
    from maps
    inner join {{ ref('registered_collections') }} as registered on maps.collection = registered.collection
    left join {{ ref('price_index') }} as prices on maps.reporting_year = prices.price_year
),

asked as (
    select distinct need_type
    from {{ ref('need_questions') }}
),

provided as (
    select
        mapped.collection,
        mapped.cpp_code,
        mapped.wave,
        mapped.price_year,
        mapped.in_last_year,
        asked.need_type,
        rolls.instrument,
        rolls.roll,
        coalesce(provision.services, 0) as services,
        coalesce(provision.services_with_reach, 0) as services_with_reach,
        -- What nobody earns counts as made of enough: that it is nothing says no more of one than of another.
        coalesce(behind.providers, provision.providers, policy.minimum_providers) as gross_providers,
        coalesce(provision.spend, 0) as spend,
        case when provision.services is null then 0 else provision.capacity end as capacity,
        case when provision.services is null then 0 else provision.reach_year end as reach_year
    from mapped
    inner join rolls on mapped.cpp_code = rolls.geography_code and mapped.wave = rolls.wave
    cross join asked
    cross join {{ ref('money_policy') }} as policy
    left join {{ ref('service_map_provision') }} as provision
        on
            mapped.collection = provision.collection
            and asked.need_type = provision.need_type
            and rolls.instrument = provision.instrument
    left join {{ ref('need_spend_behind') }} as behind
        on
            mapped.collection = behind.collection
            and asked.need_type = behind.breakdown_by
            and rolls.instrument = behind.breakdown_value
),

reached as (
    select
        *,
        100.0 * reach_year / nullif(roll, 0) as reach_of_hundred
    from provided
),

middles as (
    select
        wave,
        need_type,
        instrument,
        median(reach_of_hundred) as middle_reach,
        count(reach_of_hundred) as partnerships
    from reached
    group by wave, need_type, instrument
),

told as (
    select
        turned_round.*,
        reached.collection,
        reached.price_year,
        reached.in_last_year,
        reached.roll,
        reached.services,
        reached.services_with_reach,
        reached.gross_providers,
        reached.spend,
        reached.capacity,
        reached.reach_year,
        reached.reach_of_hundred,
        case when middles.partnerships > 2 then middles.middle_reach end as middle_reach,
        ages.age_from,
        ages.age_to,
        weighted_base * need_share as pupils_in_need,
        weighted_base * need_lower as pupils_lower,
        weighted_base * need_upper as pupils_upper
    from turned_round
    left join {{ ref('surveyed_ages') }} as ages on turned_round.instrument = ages.instrument
    left join reached
        on turned_round.geography_code = reached.cpp_code
            and turned_round.wave = reached.wave
            and turned_round.need_type = reached.need_type
            and turned_round.instrument = reached.instrument
    left join middles
        on turned_round.wave = middles.wave
            and turned_round.need_type = middles.need_type
            and turned_round.instrument = middles.instrument
),

judged as (
    select
        *,
        case
            when need_elsewhere is null or need_lower is null then 'not_known'
            when quality_flag is not null then 'not_known'
            when need_lower > need_elsewhere then 'higher'
            when need_upper < need_elsewhere then 'lower'
            when need_share > need_elsewhere then 'perhaps_higher'
            else 'perhaps_lower'
        end as need_than_elsewhere,
        case
            when reach_of_hundred is null or middle_reach is null then 'not_known'
            when reach_of_hundred < middle_reach then 'below'
            else 'not_below'
        end as reach_than_elsewhere
    from told
)

select
    cast(need_type as varchar) as need_type,
    cast(indicator_id as varchar) as indicator_id,
    cast(domain as varchar) as domain,
    cast(instrument as varchar) as instrument,
    cast(wave as varchar) as wave,
    cast(geography_level as varchar) as geography_level,
    cast(geography_code as varchar) as geography_code,
    cast(geography_name as varchar) as geography_name,
    cast(tranche as varchar) as tranche,
    cast(collection as varchar) as collection,
    cast(collected as varchar) as collected,
    cast(group_by as varchar) as group_by,
    cast(group_value as varchar) as group_value,
    cast(age_from || '-' || age_to as varchar) as ages,
    cast(need_share as double) as need_share,
    cast(need_lower as double) as need_lower,
    cast(need_upper as double) as need_upper,
    cast(base as integer) as base,
    cast(weighted_base as double) as weighted_base,
    cast(pupils_in_need as double) as pupils_in_need,
    cast(pupils_lower as double) as pupils_lower,
    cast(pupils_upper as double) as pupils_upper,
    cast(need_than_elsewhere as varchar) as need_than_elsewhere,
    cast(services as integer) as services,
    cast(services_with_reach as integer) as services_with_reach,
    cast(capacity as integer) as capacity,
    cast(reach_year as integer) as reach_year,
    cast(roll as integer) as roll,
    cast(round(reach_of_hundred, 1) as double) as reach_of_hundred,
    cast(reach_than_elsewhere as varchar) as reach_than_elsewhere,
    cast(
        case
            when reach_than_elsewhere = 'not_known' or need_than_elsewhere = 'not_known' then 'cannot_say'
            when need_than_elsewhere = 'higher' and reach_than_elsewhere = 'below' then 'gap'
            when need_than_elsewhere = 'perhaps_higher' and reach_than_elsewhere = 'below' then 'perhaps_gap'
            when need_than_elsewhere in ('higher', 'perhaps_higher') then 'met_by_more'
            else 'no_gap'
        end as varchar
    ) as reading,
    cast(price_year as varchar) as price_year,
    cast(spend as double) as spend,
    cast(case when group_by = 'all' then spend / nullif(pupils_in_need, 0) end as double) as spend_for_each_in_need,
    cast(case when group_by = 'all' then spend / nullif(pupils_upper, 0) end as double) as spend_for_each_lower,
    cast(case when group_by = 'all' then spend / nullif(pupils_lower, 0) end as double) as spend_for_each_upper,
    cast(case when spend is null then 'x' end as varchar) as spend_symbol,
    cast(in_last_year as double) as deflator,
    cast(coalesce(gross_providers, 0) as integer) as gross_providers,
    cast(quality_flag as varchar) as quality_flag,
    cast(case when need_share is null then 'x' end as varchar) as symbol,
    cast(case when turned then 1 else estimate end as double) as share_from,
    cast(case when turned then estimate else 0 end as double) as share_off,
    cast('all' as varchar) as everybody,
    cast('programme' as varchar) as above_all,
    cast('tranche' as varchar) as above,
    cast(null as varchar) as release_version
from judged
order by need_type, indicator_id, wave, geography_code, group_by, group_value
