-- Generated from data_contracts/products/rcs/product.yaml and the measures of `primary` by `make generate`. Do not edit: change the contract.
{{ config(materialized='table', schema='estimates') }}

{{ sums(
    relation=ref('scored_wellbeing_primary'),
    units=[
        {'alias': 'collection', 'column': 'collection'},
        {'alias': 'cpp', 'column': 'cpp_code'},
        {'alias': 'stratum', 'column': 'cpp_code'},
        {'alias': 'cluster', 'column': 'school_code'},
        {'alias': 'school', 'column': 'school_code'},
        {'alias': 'community', 'column': 'learning_community'},
    ],
    groups=[
        {'name': 'all', 'parts': [
        ]},
        {'name': 'stage', 'parts': [
            {'column': 'stage', 'value': 'cast(stage as varchar)'},
        ]},
        {'name': 'sex', 'parts': [
            {'column': 'sex', 'value': "case sex when 1 then 'female' when 2 then 'male' end"},
        ]},
        {'name': 'simd_quintile', 'parts': [
            {'column': 'simd_quintile', 'value': "case simd_quintile when 1 then '1' when 2 then '2' when 3 then '3' when 4 then '4' when 5 then '5' end"},
        ]},
        {'name': 'urban_rural', 'parts': [
            {'column': 'urban_rural', 'value': "case urban_rural when 1 then 'large_urban' when 2 then 'other_urban' when 3 then 'accessible_small_town' when 4 then 'remote_small_town' when 5 then 'very_remote_small_town' when 6 then 'accessible_rural' when 7 then 'remote_rural' when 8 then 'very_remote_rural' end"},
        ]},
        {'name': 'additional_needs', 'parts': [
            {'column': 'additional_needs', 'value': "case additional_needs when 0 then 'none_recorded' when 1 then 'recorded' end"},
        ]},
        {'name': 'free_meals', 'parts': [
            {'column': 'free_meals', 'value': "case free_meals when 0 then 'not_registered' when 1 then 'registered' end"},
        ]},
        {'name': 'sex+stage', 'parts': [
            {'column': 'sex', 'value': "case sex when 1 then 'female' when 2 then 'male' end"},
            {'column': 'stage', 'value': 'cast(stage as varchar)'},
        ]},
        {'name': 'sex+simd_quintile', 'parts': [
            {'column': 'sex', 'value': "case sex when 1 then 'female' when 2 then 'male' end"},
            {'column': 'simd_quintile', 'value': "case simd_quintile when 1 then '1' when 2 then '2' when 3 then '3' when 4 then '4' when 5 then '5' end"},
        ]},
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
        'p_life_satisfaction_mean',
    ],
) }}
