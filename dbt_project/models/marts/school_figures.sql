-- Generated from data_contracts/products/rcs/school_figures.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

-- Counts of schools. Which band a school is shown, if any, is chosen when the candidate is protected.
with
{{ counts_of_schools(
    name='answered_wellbeing_primary',
    relation=ref('sums_wellbeing_primary'),
    groups=['all', 'sex', 'stage'],
    shares=[
        'p_low_mood',
        'p_life_satisfaction_high',
        'p_meals_rare',
        'p_family_gets_on',
        'p_enjoys_family_time',
        'p_talks_to_family',
        'p_enjoys_learning',
        'p_choice_in_learning',
        'p_happy_at_school',
        'p_fair_teachers',
        'p_adult_at_school',
        'p_worries_about_work',
        'p_positive_future',
        'p_has_friends',
        'p_left_out',
        'p_bullied',
        'p_safe_area',
        'p_places_to_play',
        'p_likes_area',
        'p_good_health',
        'p_active_yesterday',
        'p_fruit_veg',
        'p_sleeps_well',
        'p_family_support',
        'p_bullied_or_left_out',
        'p_time_to_play',
        'p_no_place_for_play',
    ],
) }},

{{ counts_of_schools(
    name='answered_wellbeing_secondary',
    relation=ref('sums_wellbeing_secondary'),
    groups=['all', 'sex', 'stage'],
    shares=[
        's_emotional_very_high',
        's_conduct_very_high',
        's_hyperactivity_very_high',
        's_peer_very_high',
        's_prosocial_very_low',
        's_total_raised',
        's_total_very_high',
        's_total_abnormal',
        's_total_borderline',
        's_meals_rare',
        's_family_conflict',
        's_talks_to_family',
        's_enjoys_family_time',
        's_enjoys_learning',
        's_choice_in_learning',
        's_happy_at_school',
        's_fair_teachers',
        's_adult_at_school',
        's_worries_about_work',
        's_skips_school',
        's_positive_future',
        's_close_friends',
        's_left_out',
        's_bullied',
        's_bullied_online',
        's_lonely',
        's_safe_area',
        's_things_to_do',
        's_good_health',
        's_fruit_veg',
        's_breakfast',
        's_sleeps_well',
        's_smoked_ever',
        's_vaped_ever',
        's_drank_ever',
        's_drugs_ever',
        's_active_five_days',
        's_wellbeing_low',
        's_emotional_and_conduct',
        's_family_support',
        's_knows_whereabouts',
        's_bullied_any',
        's_isolated',
        's_likes_area',
        's_smokes_weekly',
        's_drunk_ever',
        's_drugs_offered',
        's_any_substance',
        's_ladder_high',
        's_affluence_low',
        's_affluence_high',
    ],
) }},

counts as (
    select
        'primary' as instrument,
        *
    from answered_wellbeing_primary
    union all
    select
        'secondary' as instrument,
        *
    from answered_wellbeing_secondary
)

select
    cast(counts.indicator_id as varchar) as indicator_id,
    cast(indicators.title as varchar) as title,
    cast(indicators.domain as varchar) as domain,
    cast(counts.instrument as varchar) as instrument,
    cast(counts.wave as varchar) as wave,
    cast(counts.tranche as varchar) as tranche,
    cast(counts.cpp_code as varchar) as cpp_code,
    cast(counts.school as varchar) as school_code,
    cast(coalesce(places.geography_name, counts.school) as varchar) as school_name,
    cast(counts.group_by as varchar) as group_by,
    cast(counts.group_value as varchar) as group_value,
    cast(counts.collected as varchar) as collected,
    cast(counts.base as integer) as base,
    cast(counts.numerator as integer) as numerator,
    cast(null as varchar) as size_class,
    cast(null as integer) as share_from,
    cast(null as integer) as share_to,
    cast(null as varchar) as symbol,
    cast(null as varchar) as release_version
from counts
inner join {{ ref('registered_indicators') }} as indicators
    on counts.indicator_id = indicators.indicator_id
left join {{ ref('geographies') }} as places
    on places.geography_level = 'school' and counts.school = places.geography_code
