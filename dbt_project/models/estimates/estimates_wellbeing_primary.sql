-- Generated from data_contracts/products/rcs/product.yaml and the measures of `primary` by `make generate`. Do not edit: change the contract.
{{ config(materialized='table', database='scratch') }}

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
    },
    finite_population='none',
    whole_clusters=false,
) }}
