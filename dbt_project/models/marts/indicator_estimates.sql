-- Generated from data_contracts/products/rcs/indicator_estimates.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

with estimates as (
    select * from (
{{ estimates(
    relation=ref('sums_wellbeing_primary'),
    instrument='primary',
    levels=[
        {
            'name': 'programme', 'code': "'rcs'", 'spread': true, 'told': true,
            'groups': ['all', 'stage', 'sex', 'simd_quintile', 'urban_rural', 'additional_needs', 'free_meals', 'sex+stage', 'sex+simd_quintile'],
        },
        {
            'name': 'tranche', 'code': 'tranche', 'spread': true, 'told': true,
            'groups': ['all', 'stage', 'sex', 'simd_quintile', 'urban_rural', 'additional_needs', 'free_meals', 'sex+stage', 'sex+simd_quintile'],
        },
        {
            'name': 'cpp', 'code': 'cpp_code', 'spread': true, 'told': true,
            'groups': ['all', 'stage', 'sex', 'simd_quintile', 'urban_rural', 'additional_needs', 'free_meals', 'sex+stage', 'sex+simd_quintile'],
        },
    ],
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
    means=[
        {'id': 'p_life_satisfaction_mean', 'unit': 2048, 'parts': 100},
    ],
    reliability={
        'minimum_effective_base': 30.0,
        'minimum_degrees_of_freedom': 2,
        'schools_for_error': var('schools_for_error', 10),
        'pupils_for_error': 4.5,
        'schools_told': True,
    },
    finite_population='none',
    whole_clusters=false,
) }}
    )
    union all
    select * from (
{{ estimates(
    relation=ref('sums_wellbeing_secondary'),
    instrument='secondary',
    levels=[
        {
            'name': 'programme', 'code': "'rcs'", 'spread': true, 'told': true,
            'groups': ['all', 'stage', 'sex', 'simd_quintile', 'urban_rural', 'additional_needs', 'free_meals', 'sex+stage', 'sex+simd_quintile'],
        },
        {
            'name': 'tranche', 'code': 'tranche', 'spread': true, 'told': true,
            'groups': ['all', 'stage', 'sex', 'simd_quintile', 'urban_rural', 'additional_needs', 'free_meals', 'sex+stage', 'sex+simd_quintile'],
        },
        {
            'name': 'cpp', 'code': 'cpp_code', 'spread': true, 'told': true,
            'groups': ['all', 'stage', 'sex', 'simd_quintile', 'urban_rural', 'additional_needs', 'free_meals', 'sex+stage', 'sex+simd_quintile'],
        },
    ],
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
    means=[
        {'id': 's_total_mean', 'unit': 4096, 'parts': 100},
        {'id': 's_wemwbs_mean', 'unit': 8192, 'parts': 100},
        {'id': 's_swemwbs_mean', 'unit': 4096, 'parts': 100},
        {'id': 's_ladder_mean', 'unit': 1024, 'parts': 100},
        {'id': 's_kidscreen_mean', 'unit': 8192, 'parts': 100},
    ],
    reliability={
        'minimum_effective_base': 30.0,
        'minimum_degrees_of_freedom': 2,
        'schools_for_error': var('schools_for_error', 10),
        'pupils_for_error': 4.5,
        'schools_told': True,
    },
    finite_population='none',
    whole_clusters=false,
) }}
    )
),

compared as (
    select
        estimates.*,
        case
            when
                estimates.comparator is null or estimates.lower_limit is null or estimates.upper_limit is null
                or estimates.quality_flag is not null
                then 'cannot_compare'
            when estimates.comparator between estimates.lower_limit and estimates.upper_limit then 'similar'
            when indicators.polarity = 'higher_is_better' and estimates.estimate > estimates.comparator then 'better'
            when indicators.polarity = 'higher_is_better' and estimates.estimate < estimates.comparator then 'worse'
            when indicators.polarity = 'lower_is_better' and estimates.estimate < estimates.comparator then 'better'
            when indicators.polarity = 'lower_is_better' and estimates.estimate > estimates.comparator then 'worse'
            when estimates.estimate > estimates.comparator then 'higher'
            when estimates.estimate < estimates.comparator then 'lower'
        end as comparison
    from estimates
    left join {{ ref('registered_indicators') }} as indicators
        on estimates.indicator_id = indicators.indicator_id
)

select
    cast(estimates.indicator_id as varchar) as indicator_id,
    cast(estimates.instrument as varchar) as instrument,
    cast(estimates.wave as varchar) as wave,
    cast(estimates.geography_level as varchar) as geography_level,
    cast(estimates.geography_code as varchar) as geography_code,
    cast(coalesce(places.geography_name, case when estimates.geography_level = 'learning_community' then substr(estimates.geography_code, position('/' in estimates.geography_code) + 1) else estimates.geography_code end) as varchar) as geography_name,
    cast(estimates.tranche as varchar) as tranche,
    cast(estimates.group_by as varchar) as group_by,
    cast(estimates.group_value as varchar) as group_value,
    cast(estimates.collected as varchar) as collected,
    cast(estimates.estimate as double) as estimate,
    cast(estimates.standard_error as double) as standard_error,
    cast(estimates.lower_limit as double) as lower,
    cast(estimates.upper_limit as double) as upper,
    cast(estimates.base as integer) as base,
    cast(estimates.weighted_base as double) as weighted_base,
    cast(estimates.numerator as integer) as numerator,
    cast(estimates.effective_base as double) as effective_base,
    cast(estimates.design_effect as double) as design_effect,
    cast(estimates.schools as integer) as schools,
    cast(estimates.schools_apart as double) as schools_apart,
    cast(estimates.degrees_of_freedom as integer) as degrees_of_freedom,
    cast(estimates.variance_method as varchar) as variance_method,
    cast(null as varchar) as band,
    cast(null as varchar) as symbol,
    cast(estimates.quality_flag as varchar) as quality_flag,
    cast(estimates.finite_population as varchar) as finite_population,
    cast(estimates.comparator as double) as comparator,
    cast(estimates.comparison as varchar) as comparison,
    cast(null as varchar) as release_version
from compared as estimates
left join {{ ref('geographies') }} as places
    on estimates.geography_level = places.geography_level and estimates.geography_code = places.geography_code
