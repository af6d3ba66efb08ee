-- Generated from data_contracts/products/rcs/item_response.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

with counted as (
    select
        'primary' as instrument,
        long.*
    from (
        {{ unpivoted(
            relation=ref('quality_sums_wellbeing_primary'),
            keys=['wave', 'tranche', 'collected', 'collection', 'cpp_code', 'school'],
            columns=['item', 'label', 'pupils', 'skipped', 'not_asked', 'routed_out', 'refused', 'dont_know'],
            rows=[
                ("'stage'", "'School stage'", 'pupils', 'stage__skipped', 'stage__not_asked', 'stage__routed_out', 'stage__refused', 'stage__dont_know'),
                ("'sex'", "'Sex as recorded by the council, else as answered; a missing code where it is not known'", 'pupils', 'sex__skipped', 'sex__not_asked', 'sex__routed_out', 'sex__refused', 'sex__dont_know'),
                ("'questionnaire_version'", "'Which form of the questionnaire the pupil was given; the set of questions varies with it'", 'pupils', 'questionnaire_version__skipped', 'questionnaire_version__not_asked', 'questionnaire_version__routed_out', 'questionnaire_version__refused', 'questionnaire_version__dont_know'),
                ("'simd_quintile'", "'Linked. SIMD quintile of the home''s area, 1 the most deprived'", 'pupils', 'simd_quintile__skipped', 'simd_quintile__not_asked', 'simd_quintile__routed_out', 'simd_quintile__refused', 'simd_quintile__dont_know'),
                ("'simd_version'", "'Linked. The edition of SIMD that the quintile comes from; quintiles of two editions are not one scale'", 'pupils', 'simd_version__skipped', 'simd_version__not_asked', 'simd_version__routed_out', 'simd_version__refused', 'simd_version__dont_know'),
                ("'urban_rural'", "'Linked. Eight-fold urban-rural class of the home''s area'", 'pupils', 'urban_rural__skipped', 'urban_rural__not_asked', 'urban_rural__routed_out', 'urban_rural__refused', 'urban_rural__dont_know'),
                ("'additional_needs'", "'Linked. Whether an additional support need is recorded'", 'pupils', 'additional_needs__skipped', 'additional_needs__not_asked', 'additional_needs__routed_out', 'additional_needs__refused', 'additional_needs__dont_know'),
                ("'free_meals'", "'Linked. Whether the pupil is registered for free school meals'", 'pupils', 'free_meals__skipped', 'free_meals__not_asked', 'free_meals__routed_out', 'free_meals__refused', 'free_meals__dont_know'),
                ("'linked'", "'Whether the council could link the answers to its records'", 'pupils', 'linked__skipped', 'linked__not_asked', 'linked__routed_out', 'linked__refused', 'linked__dont_know'),
                ("'fam_meals_together'", "'Family. How often the family eats together'", 'pupils', 'fam_meals_together__skipped', 'fam_meals_together__not_asked', 'fam_meals_together__routed_out', 'fam_meals_together__refused', 'fam_meals_together__dont_know'),
                ("'fam_gets_on'", "'Family. The family gets on well'", 'pupils', 'fam_gets_on__skipped', 'fam_gets_on__not_asked', 'fam_gets_on__routed_out', 'fam_gets_on__refused', 'fam_gets_on__dont_know'),
                ("'fam_enjoys_time'", "'Family. Enjoys time with the family'", 'pupils', 'fam_enjoys_time__skipped', 'fam_enjoys_time__not_asked', 'fam_enjoys_time__routed_out', 'fam_enjoys_time__refused', 'fam_enjoys_time__dont_know'),
                ("'fam_talks_if_worried'", "'Family. How likely to talk to somebody in the family about a worry'", 'pupils', 'fam_talks_if_worried__skipped', 'fam_talks_if_worried__not_asked', 'fam_talks_if_worried__routed_out', 'fam_talks_if_worried__refused', 'fam_talks_if_worried__dont_know'),
                ("'sch_enjoys_learning'", "'School. Enjoys learning'", 'pupils', 'sch_enjoys_learning__skipped', 'sch_enjoys_learning__not_asked', 'sch_enjoys_learning__routed_out', 'sch_enjoys_learning__refused', 'sch_enjoys_learning__dont_know'),
                ("'sch_has_choice'", "'School. Has a say in what is learned'", 'pupils', 'sch_has_choice__skipped', 'sch_has_choice__not_asked', 'sch_has_choice__routed_out', 'sch_has_choice__refused', 'sch_has_choice__dont_know'),
                ("'sch_happy'", "'School. Happy at school'", 'pupils', 'sch_happy__skipped', 'sch_happy__not_asked', 'sch_happy__routed_out', 'sch_happy__refused', 'sch_happy__dont_know'),
                ("'sch_fair_teachers'", "'School. Feels fairly treated by teachers'", 'pupils', 'sch_fair_teachers__skipped', 'sch_fair_teachers__not_asked', 'sch_fair_teachers__routed_out', 'sch_fair_teachers__refused', 'sch_fair_teachers__dont_know'),
                ("'sch_adult_to_talk_to'", "'School. Has an adult at school to turn to'", 'pupils', 'sch_adult_to_talk_to__skipped', 'sch_adult_to_talk_to__not_asked', 'sch_adult_to_talk_to__routed_out', 'sch_adult_to_talk_to__refused', 'sch_adult_to_talk_to__dont_know'),
                ("'sch_worries_about_work'", "'School. Worries about schoolwork'", 'pupils', 'sch_worries_about_work__skipped', 'sch_worries_about_work__not_asked', 'sch_worries_about_work__routed_out', 'sch_worries_about_work__refused', 'sch_worries_about_work__dont_know'),
                ("'peer_has_friends'", "'Peers. Has good friends'", 'pupils', 'peer_has_friends__skipped', 'peer_has_friends__not_asked', 'peer_has_friends__routed_out', 'peer_has_friends__refused', 'peer_has_friends__dont_know'),
                ("'peer_left_out'", "'Peers. Is left out by others'", 'pupils', 'peer_left_out__skipped', 'peer_left_out__not_asked', 'peer_left_out__routed_out', 'peer_left_out__refused', 'peer_left_out__dont_know'),
                ("'peer_bullied'", "'Peers. Is bullied'", 'pupils', 'peer_bullied__skipped', 'peer_bullied__not_asked', 'peer_bullied__routed_out', 'peer_bullied__refused', 'peer_bullied__dont_know'),
                ("'area_safe'", "'Area. Feels safe where they live'", 'pupils', 'area_safe__skipped', 'area_safe__not_asked', 'area_safe__routed_out', 'area_safe__refused', 'area_safe__dont_know'),
                ("'area_places_to_play'", "'Area. Has good places to play nearby'", 'pupils', 'area_places_to_play__skipped', 'area_places_to_play__not_asked', 'area_places_to_play__routed_out', 'area_places_to_play__refused', 'area_places_to_play__dont_know'),
                ("'area_likes_living'", "'Area. Likes living there'", 'pupils', 'area_likes_living__skipped', 'area_likes_living__not_asked', 'area_likes_living__routed_out', 'area_likes_living__refused', 'area_likes_living__dont_know'),
                ("'hlth_general'", "'Health. General health'", 'pupils', 'hlth_general__skipped', 'hlth_general__not_asked', 'hlth_general__routed_out', 'hlth_general__refused', 'hlth_general__dont_know'),
                ("'hlth_active_yesterday'", "'Health. At least an hour of exercise the day before'", 'pupils', 'hlth_active_yesterday__skipped', 'hlth_active_yesterday__not_asked', 'hlth_active_yesterday__routed_out', 'hlth_active_yesterday__refused', 'hlth_active_yesterday__dont_know'),
                ("'hlth_fruit_veg_daily'", "'Health. Eats both fruit and vegetables every day'", 'pupils', 'hlth_fruit_veg_daily__skipped', 'hlth_fruit_veg_daily__not_asked', 'hlth_fruit_veg_daily__routed_out', 'hlth_fruit_veg_daily__refused', 'hlth_fruit_veg_daily__dont_know'),
                ("'hlth_sleeps_well'", "'Health. Sleeps well'", 'pupils', 'hlth_sleeps_well__skipped', 'hlth_sleeps_well__not_asked', 'hlth_sleeps_well__routed_out', 'hlth_sleeps_well__refused', 'hlth_sleeps_well__dont_know'),
                ("'mood_sad'", "'Mood. Sadness'", 'pupils', 'mood_sad__skipped', 'mood_sad__not_asked', 'mood_sad__routed_out', 'mood_sad__refused', 'mood_sad__dont_know'),
                ("'mood_worried'", "'Mood. Worry'", 'pupils', 'mood_worried__skipped', 'mood_worried__not_asked', 'mood_worried__routed_out', 'mood_worried__refused', 'mood_worried__dont_know'),
                ("'mood_lonely'", "'Mood. Loneliness'", 'pupils', 'mood_lonely__skipped', 'mood_lonely__not_asked', 'mood_lonely__routed_out', 'mood_lonely__refused', 'mood_lonely__dont_know'),
                ("'mood_cheerful'", "'Mood. Cheerfulness'", 'pupils', 'mood_cheerful__skipped', 'mood_cheerful__not_asked', 'mood_cheerful__routed_out', 'mood_cheerful__refused', 'mood_cheerful__dont_know'),
                ("'future_positive'", "'Outlook. Looks forward to the future'", 'pupils', 'future_positive__skipped', 'future_positive__not_asked', 'future_positive__routed_out', 'future_positive__refused', 'future_positive__dont_know'),
                ("'life_going_well'", "'Life satisfaction. First of three'", 'pupils', 'life_going_well__skipped', 'life_going_well__not_asked', 'life_going_well__routed_out', 'life_going_well__refused', 'life_going_well__dont_know'),
                ("'life_as_wanted'", "'Life satisfaction. Second of three'", 'pupils', 'life_as_wanted__skipped', 'life_as_wanted__not_asked', 'life_as_wanted__routed_out', 'life_as_wanted__refused', 'life_as_wanted__dont_know'),
                ("'life_good'", "'Life satisfaction. Third of three'", 'pupils', 'life_good__skipped', 'life_good__not_asked', 'life_good__routed_out', 'life_good__refused', 'life_good__dont_know'),
                ("'peer_time_to_play'", "'Peers. Has enough free time to play'", 'pupils', 'peer_time_to_play__skipped', 'peer_time_to_play__not_asked', 'peer_time_to_play__routed_out', 'peer_time_to_play__refused', 'peer_time_to_play__dont_know'),
            ],
        ) }}
    ) as long

    union all
    select
        'secondary' as instrument,
        long.*
    from (
        {{ unpivoted(
            relation=ref('quality_sums_wellbeing_secondary'),
            keys=['wave', 'tranche', 'collected', 'collection', 'cpp_code', 'school'],
            columns=['item', 'label', 'pupils', 'skipped', 'not_asked', 'routed_out', 'refused', 'dont_know'],
            rows=[
                ("'stage'", "'School stage'", 'pupils', 'stage__skipped', 'stage__not_asked', 'stage__routed_out', 'stage__refused', 'stage__dont_know'),
                ("'sex'", "'Sex as recorded by the council, else as answered; a missing code where it is not known'", 'pupils', 'sex__skipped', 'sex__not_asked', 'sex__routed_out', 'sex__refused', 'sex__dont_know'),
                ("'questionnaire_version'", "'Which form of the questionnaire the pupil was given; the set of questions varies with it'", 'pupils', 'questionnaire_version__skipped', 'questionnaire_version__not_asked', 'questionnaire_version__routed_out', 'questionnaire_version__refused', 'questionnaire_version__dont_know'),
                ("'simd_quintile'", "'Linked. SIMD quintile of the home''s area, 1 the most deprived'", 'pupils', 'simd_quintile__skipped', 'simd_quintile__not_asked', 'simd_quintile__routed_out', 'simd_quintile__refused', 'simd_quintile__dont_know'),
                ("'simd_version'", "'Linked. The edition of SIMD that the quintile comes from; quintiles of two editions are not one scale'", 'pupils', 'simd_version__skipped', 'simd_version__not_asked', 'simd_version__routed_out', 'simd_version__refused', 'simd_version__dont_know'),
                ("'urban_rural'", "'Linked. Eight-fold urban-rural class of the home''s area'", 'pupils', 'urban_rural__skipped', 'urban_rural__not_asked', 'urban_rural__routed_out', 'urban_rural__refused', 'urban_rural__dont_know'),
                ("'additional_needs'", "'Linked. Whether an additional support need is recorded'", 'pupils', 'additional_needs__skipped', 'additional_needs__not_asked', 'additional_needs__routed_out', 'additional_needs__refused', 'additional_needs__dont_know'),
                ("'free_meals'", "'Linked. Whether the pupil is registered for free school meals'", 'pupils', 'free_meals__skipped', 'free_meals__not_asked', 'free_meals__routed_out', 'free_meals__refused', 'free_meals__dont_know'),
                ("'linked'", "'Whether the council could link the answers to its records'", 'pupils', 'linked__skipped', 'linked__not_asked', 'linked__routed_out', 'linked__refused', 'linked__dont_know'),
                ("'sdq_01'", "'Strengths and Difficulties Questionnaire, self-report, item 1'", 'pupils', 'sdq_01__skipped', 'sdq_01__not_asked', 'sdq_01__routed_out', 'sdq_01__refused', 'sdq_01__dont_know'),
                ("'sdq_02'", "'Strengths and Difficulties Questionnaire, self-report, item 2'", 'pupils', 'sdq_02__skipped', 'sdq_02__not_asked', 'sdq_02__routed_out', 'sdq_02__refused', 'sdq_02__dont_know'),
                ("'sdq_03'", "'Strengths and Difficulties Questionnaire, self-report, item 3'", 'pupils', 'sdq_03__skipped', 'sdq_03__not_asked', 'sdq_03__routed_out', 'sdq_03__refused', 'sdq_03__dont_know'),
                ("'sdq_04'", "'Strengths and Difficulties Questionnaire, self-report, item 4'", 'pupils', 'sdq_04__skipped', 'sdq_04__not_asked', 'sdq_04__routed_out', 'sdq_04__refused', 'sdq_04__dont_know'),
                ("'sdq_05'", "'Strengths and Difficulties Questionnaire, self-report, item 5'", 'pupils', 'sdq_05__skipped', 'sdq_05__not_asked', 'sdq_05__routed_out', 'sdq_05__refused', 'sdq_05__dont_know'),
                ("'sdq_06'", "'Strengths and Difficulties Questionnaire, self-report, item 6'", 'pupils', 'sdq_06__skipped', 'sdq_06__not_asked', 'sdq_06__routed_out', 'sdq_06__refused', 'sdq_06__dont_know'),
                ("'sdq_07'", "'Strengths and Difficulties Questionnaire, self-report, item 7'", 'pupils', 'sdq_07__skipped', 'sdq_07__not_asked', 'sdq_07__routed_out', 'sdq_07__refused', 'sdq_07__dont_know'),
                ("'sdq_08'", "'Strengths and Difficulties Questionnaire, self-report, item 8'", 'pupils', 'sdq_08__skipped', 'sdq_08__not_asked', 'sdq_08__routed_out', 'sdq_08__refused', 'sdq_08__dont_know'),
                ("'sdq_09'", "'Strengths and Difficulties Questionnaire, self-report, item 9'", 'pupils', 'sdq_09__skipped', 'sdq_09__not_asked', 'sdq_09__routed_out', 'sdq_09__refused', 'sdq_09__dont_know'),
                ("'sdq_10'", "'Strengths and Difficulties Questionnaire, self-report, item 10'", 'pupils', 'sdq_10__skipped', 'sdq_10__not_asked', 'sdq_10__routed_out', 'sdq_10__refused', 'sdq_10__dont_know'),
                ("'sdq_11'", "'Strengths and Difficulties Questionnaire, self-report, item 11'", 'pupils', 'sdq_11__skipped', 'sdq_11__not_asked', 'sdq_11__routed_out', 'sdq_11__refused', 'sdq_11__dont_know'),
                ("'sdq_12'", "'Strengths and Difficulties Questionnaire, self-report, item 12'", 'pupils', 'sdq_12__skipped', 'sdq_12__not_asked', 'sdq_12__routed_out', 'sdq_12__refused', 'sdq_12__dont_know'),
                ("'sdq_13'", "'Strengths and Difficulties Questionnaire, self-report, item 13'", 'pupils', 'sdq_13__skipped', 'sdq_13__not_asked', 'sdq_13__routed_out', 'sdq_13__refused', 'sdq_13__dont_know'),
                ("'sdq_14'", "'Strengths and Difficulties Questionnaire, self-report, item 14'", 'pupils', 'sdq_14__skipped', 'sdq_14__not_asked', 'sdq_14__routed_out', 'sdq_14__refused', 'sdq_14__dont_know'),
                ("'sdq_15'", "'Strengths and Difficulties Questionnaire, self-report, item 15'", 'pupils', 'sdq_15__skipped', 'sdq_15__not_asked', 'sdq_15__routed_out', 'sdq_15__refused', 'sdq_15__dont_know'),
                ("'sdq_16'", "'Strengths and Difficulties Questionnaire, self-report, item 16'", 'pupils', 'sdq_16__skipped', 'sdq_16__not_asked', 'sdq_16__routed_out', 'sdq_16__refused', 'sdq_16__dont_know'),
                ("'sdq_17'", "'Strengths and Difficulties Questionnaire, self-report, item 17'", 'pupils', 'sdq_17__skipped', 'sdq_17__not_asked', 'sdq_17__routed_out', 'sdq_17__refused', 'sdq_17__dont_know'),
                ("'sdq_18'", "'Strengths and Difficulties Questionnaire, self-report, item 18'", 'pupils', 'sdq_18__skipped', 'sdq_18__not_asked', 'sdq_18__routed_out', 'sdq_18__refused', 'sdq_18__dont_know'),
                ("'sdq_19'", "'Strengths and Difficulties Questionnaire, self-report, item 19'", 'pupils', 'sdq_19__skipped', 'sdq_19__not_asked', 'sdq_19__routed_out', 'sdq_19__refused', 'sdq_19__dont_know'),
                ("'sdq_20'", "'Strengths and Difficulties Questionnaire, self-report, item 20'", 'pupils', 'sdq_20__skipped', 'sdq_20__not_asked', 'sdq_20__routed_out', 'sdq_20__refused', 'sdq_20__dont_know'),
                ("'sdq_21'", "'Strengths and Difficulties Questionnaire, self-report, item 21'", 'pupils', 'sdq_21__skipped', 'sdq_21__not_asked', 'sdq_21__routed_out', 'sdq_21__refused', 'sdq_21__dont_know'),
                ("'sdq_22'", "'Strengths and Difficulties Questionnaire, self-report, item 22'", 'pupils', 'sdq_22__skipped', 'sdq_22__not_asked', 'sdq_22__routed_out', 'sdq_22__refused', 'sdq_22__dont_know'),
                ("'sdq_23'", "'Strengths and Difficulties Questionnaire, self-report, item 23'", 'pupils', 'sdq_23__skipped', 'sdq_23__not_asked', 'sdq_23__routed_out', 'sdq_23__refused', 'sdq_23__dont_know'),
                ("'sdq_24'", "'Strengths and Difficulties Questionnaire, self-report, item 24'", 'pupils', 'sdq_24__skipped', 'sdq_24__not_asked', 'sdq_24__routed_out', 'sdq_24__refused', 'sdq_24__dont_know'),
                ("'sdq_25'", "'Strengths and Difficulties Questionnaire, self-report, item 25'", 'pupils', 'sdq_25__skipped', 'sdq_25__not_asked', 'sdq_25__routed_out', 'sdq_25__refused', 'sdq_25__dont_know'),
                ("'wemwbs_01'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 1; not asked of S1'", 'pupils', 'wemwbs_01__skipped', 'wemwbs_01__not_asked', 'wemwbs_01__routed_out', 'wemwbs_01__refused', 'wemwbs_01__dont_know'),
                ("'wemwbs_02'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 2; not asked of S1'", 'pupils', 'wemwbs_02__skipped', 'wemwbs_02__not_asked', 'wemwbs_02__routed_out', 'wemwbs_02__refused', 'wemwbs_02__dont_know'),
                ("'wemwbs_03'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 3; not asked of S1'", 'pupils', 'wemwbs_03__skipped', 'wemwbs_03__not_asked', 'wemwbs_03__routed_out', 'wemwbs_03__refused', 'wemwbs_03__dont_know'),
                ("'wemwbs_04'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 4; not asked of S1'", 'pupils', 'wemwbs_04__skipped', 'wemwbs_04__not_asked', 'wemwbs_04__routed_out', 'wemwbs_04__refused', 'wemwbs_04__dont_know'),
                ("'wemwbs_05'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 5; not asked of S1'", 'pupils', 'wemwbs_05__skipped', 'wemwbs_05__not_asked', 'wemwbs_05__routed_out', 'wemwbs_05__refused', 'wemwbs_05__dont_know'),
                ("'wemwbs_06'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 6; not asked of S1'", 'pupils', 'wemwbs_06__skipped', 'wemwbs_06__not_asked', 'wemwbs_06__routed_out', 'wemwbs_06__refused', 'wemwbs_06__dont_know'),
                ("'wemwbs_07'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 7; not asked of S1'", 'pupils', 'wemwbs_07__skipped', 'wemwbs_07__not_asked', 'wemwbs_07__routed_out', 'wemwbs_07__refused', 'wemwbs_07__dont_know'),
                ("'wemwbs_08'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 8; not asked of S1'", 'pupils', 'wemwbs_08__skipped', 'wemwbs_08__not_asked', 'wemwbs_08__routed_out', 'wemwbs_08__refused', 'wemwbs_08__dont_know'),
                ("'wemwbs_09'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 9; not asked of S1'", 'pupils', 'wemwbs_09__skipped', 'wemwbs_09__not_asked', 'wemwbs_09__routed_out', 'wemwbs_09__refused', 'wemwbs_09__dont_know'),
                ("'wemwbs_10'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 10; not asked of S1'", 'pupils', 'wemwbs_10__skipped', 'wemwbs_10__not_asked', 'wemwbs_10__routed_out', 'wemwbs_10__refused', 'wemwbs_10__dont_know'),
                ("'wemwbs_11'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 11; not asked of S1'", 'pupils', 'wemwbs_11__skipped', 'wemwbs_11__not_asked', 'wemwbs_11__routed_out', 'wemwbs_11__refused', 'wemwbs_11__dont_know'),
                ("'wemwbs_12'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 12; not asked of S1'", 'pupils', 'wemwbs_12__skipped', 'wemwbs_12__not_asked', 'wemwbs_12__routed_out', 'wemwbs_12__refused', 'wemwbs_12__dont_know'),
                ("'wemwbs_13'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 13; not asked of S1'", 'pupils', 'wemwbs_13__skipped', 'wemwbs_13__not_asked', 'wemwbs_13__routed_out', 'wemwbs_13__refused', 'wemwbs_13__dont_know'),
                ("'wemwbs_14'", "'Warwick-Edinburgh Mental Wellbeing Scale, item 14; not asked of S1'", 'pupils', 'wemwbs_14__skipped', 'wemwbs_14__not_asked', 'wemwbs_14__routed_out', 'wemwbs_14__refused', 'wemwbs_14__dont_know'),
                ("'fam_meals_together'", "'Family. How often the family eats together'", 'pupils', 'fam_meals_together__skipped', 'fam_meals_together__not_asked', 'fam_meals_together__routed_out', 'fam_meals_together__refused', 'fam_meals_together__dont_know'),
                ("'fam_conflict'", "'Family. The family quarrels'", 'pupils', 'fam_conflict__skipped', 'fam_conflict__not_asked', 'fam_conflict__routed_out', 'fam_conflict__refused', 'fam_conflict__dont_know'),
                ("'fam_talks_if_worried'", "'Family. How likely to talk to somebody in the family about a worry'", 'pupils', 'fam_talks_if_worried__skipped', 'fam_talks_if_worried__not_asked', 'fam_talks_if_worried__routed_out', 'fam_talks_if_worried__refused', 'fam_talks_if_worried__dont_know'),
                ("'fam_enjoys_time'", "'Family. Enjoys time with the family'", 'pupils', 'fam_enjoys_time__skipped', 'fam_enjoys_time__not_asked', 'fam_enjoys_time__routed_out', 'fam_enjoys_time__refused', 'fam_enjoys_time__dont_know'),
                ("'fam_knows_whereabouts'", "'Family. Parents know where the pupil is'", 'pupils', 'fam_knows_whereabouts__skipped', 'fam_knows_whereabouts__not_asked', 'fam_knows_whereabouts__routed_out', 'fam_knows_whereabouts__refused', 'fam_knows_whereabouts__dont_know'),
                ("'sch_enjoys_learning'", "'School. Enjoys learning'", 'pupils', 'sch_enjoys_learning__skipped', 'sch_enjoys_learning__not_asked', 'sch_enjoys_learning__routed_out', 'sch_enjoys_learning__refused', 'sch_enjoys_learning__dont_know'),
                ("'sch_has_choice'", "'School. Has a say in what is learned'", 'pupils', 'sch_has_choice__skipped', 'sch_has_choice__not_asked', 'sch_has_choice__routed_out', 'sch_has_choice__refused', 'sch_has_choice__dont_know'),
                ("'sch_happy'", "'School. Happy at school'", 'pupils', 'sch_happy__skipped', 'sch_happy__not_asked', 'sch_happy__routed_out', 'sch_happy__refused', 'sch_happy__dont_know'),
                ("'sch_fair_teachers'", "'School. Feels fairly treated by teachers'", 'pupils', 'sch_fair_teachers__skipped', 'sch_fair_teachers__not_asked', 'sch_fair_teachers__routed_out', 'sch_fair_teachers__refused', 'sch_fair_teachers__dont_know'),
                ("'sch_adult_to_talk_to'", "'School. Has an adult at school to turn to'", 'pupils', 'sch_adult_to_talk_to__skipped', 'sch_adult_to_talk_to__not_asked', 'sch_adult_to_talk_to__routed_out', 'sch_adult_to_talk_to__refused', 'sch_adult_to_talk_to__dont_know'),
                ("'sch_worries_about_work'", "'School. Worries about schoolwork'", 'pupils', 'sch_worries_about_work__skipped', 'sch_worries_about_work__not_asked', 'sch_worries_about_work__routed_out', 'sch_worries_about_work__refused', 'sch_worries_about_work__dont_know'),
                ("'sch_skips'", "'School. Skips school'", 'pupils', 'sch_skips__skipped', 'sch_skips__not_asked', 'sch_skips__routed_out', 'sch_skips__refused', 'sch_skips__dont_know'),
                ("'future_positive'", "'Outlook. Looks forward to the future'", 'pupils', 'future_positive__skipped', 'future_positive__not_asked', 'future_positive__routed_out', 'future_positive__refused', 'future_positive__dont_know'),
                ("'peer_close_friends'", "'Peers. Has close friends'", 'pupils', 'peer_close_friends__skipped', 'peer_close_friends__not_asked', 'peer_close_friends__routed_out', 'peer_close_friends__refused', 'peer_close_friends__dont_know'),
                ("'peer_left_out'", "'Peers. Is left out by others'", 'pupils', 'peer_left_out__skipped', 'peer_left_out__not_asked', 'peer_left_out__routed_out', 'peer_left_out__refused', 'peer_left_out__dont_know'),
                ("'peer_bullied'", "'Peers. Is bullied'", 'pupils', 'peer_bullied__skipped', 'peer_bullied__not_asked', 'peer_bullied__routed_out', 'peer_bullied__refused', 'peer_bullied__dont_know'),
                ("'peer_bullied_online'", "'Peers. Is bullied online'", 'pupils', 'peer_bullied_online__skipped', 'peer_bullied_online__not_asked', 'peer_bullied_online__routed_out', 'peer_bullied_online__refused', 'peer_bullied_online__dont_know'),
                ("'peer_lonely'", "'Peers. Loneliness'", 'pupils', 'peer_lonely__skipped', 'peer_lonely__not_asked', 'peer_lonely__routed_out', 'peer_lonely__refused', 'peer_lonely__dont_know'),
                ("'area_safe'", "'Area. Feels safe where they live'", 'pupils', 'area_safe__skipped', 'area_safe__not_asked', 'area_safe__routed_out', 'area_safe__refused', 'area_safe__dont_know'),
                ("'area_things_to_do'", "'Area. Has things to do nearby'", 'pupils', 'area_things_to_do__skipped', 'area_things_to_do__not_asked', 'area_things_to_do__routed_out', 'area_things_to_do__refused', 'area_things_to_do__dont_know'),
                ("'area_likes_living'", "'Area. Likes living there'", 'pupils', 'area_likes_living__skipped', 'area_likes_living__not_asked', 'area_likes_living__routed_out', 'area_likes_living__refused', 'area_likes_living__dont_know'),
                ("'hlth_general'", "'Health. General health'", 'pupils', 'hlth_general__skipped', 'hlth_general__not_asked', 'hlth_general__routed_out', 'hlth_general__refused', 'hlth_general__dont_know'),
                ("'hlth_active_days'", "'Health. Days of the past week with an hour of exercise'", 'pupils', 'hlth_active_days__skipped', 'hlth_active_days__not_asked', 'hlth_active_days__routed_out', 'hlth_active_days__refused', 'hlth_active_days__dont_know'),
                ("'hlth_fruit_veg_daily'", "'Health. Eats both fruit and vegetables every day'", 'pupils', 'hlth_fruit_veg_daily__skipped', 'hlth_fruit_veg_daily__not_asked', 'hlth_fruit_veg_daily__routed_out', 'hlth_fruit_veg_daily__refused', 'hlth_fruit_veg_daily__dont_know'),
                ("'hlth_breakfast'", "'Health. Has breakfast on school days'", 'pupils', 'hlth_breakfast__skipped', 'hlth_breakfast__not_asked', 'hlth_breakfast__routed_out', 'hlth_breakfast__refused', 'hlth_breakfast__dont_know'),
                ("'hlth_sleeps_well'", "'Health. Sleeps well'", 'pupils', 'hlth_sleeps_well__skipped', 'hlth_sleeps_well__not_asked', 'hlth_sleeps_well__routed_out', 'hlth_sleeps_well__refused', 'hlth_sleeps_well__dont_know'),
                ("'sub_smoked_ever'", "'Substances. Has ever smoked'", 'pupils', 'sub_smoked_ever__skipped', 'sub_smoked_ever__not_asked', 'sub_smoked_ever__routed_out', 'sub_smoked_ever__refused', 'sub_smoked_ever__dont_know'),
                ("'sub_smokes_weekly'", "'Substances. Smokes every week; routed out where never smoked'", 'pupils', 'sub_smokes_weekly__skipped', 'sub_smokes_weekly__not_asked', 'sub_smokes_weekly__routed_out', 'sub_smokes_weekly__refused', 'sub_smokes_weekly__dont_know'),
                ("'sub_vaped_ever'", "'Substances. Has ever used an e-cigarette'", 'pupils', 'sub_vaped_ever__skipped', 'sub_vaped_ever__not_asked', 'sub_vaped_ever__routed_out', 'sub_vaped_ever__refused', 'sub_vaped_ever__dont_know'),
                ("'sub_drank_ever'", "'Substances. Has ever had alcohol'", 'pupils', 'sub_drank_ever__skipped', 'sub_drank_ever__not_asked', 'sub_drank_ever__routed_out', 'sub_drank_ever__refused', 'sub_drank_ever__dont_know'),
                ("'sub_drunk_ever'", "'Substances. Has ever been drunk; routed out where never had alcohol'", 'pupils', 'sub_drunk_ever__skipped', 'sub_drunk_ever__not_asked', 'sub_drunk_ever__routed_out', 'sub_drunk_ever__refused', 'sub_drunk_ever__dont_know'),
                ("'sub_drugs_offered'", "'Substances. Has ever been offered drugs; not asked of S1'", 'pupils', 'sub_drugs_offered__skipped', 'sub_drugs_offered__not_asked', 'sub_drugs_offered__routed_out', 'sub_drugs_offered__refused', 'sub_drugs_offered__dont_know'),
                ("'sub_drugs_ever'", "'Substances. Has ever used drugs; not asked of S1'", 'pupils', 'sub_drugs_ever__skipped', 'sub_drugs_ever__not_asked', 'sub_drugs_ever__routed_out', 'sub_drugs_ever__refused', 'sub_drugs_ever__dont_know'),
                ("'kidscreen_01'", "'KIDSCREEN-10, item 1; extended form only'", 'pupils', 'kidscreen_01__skipped', 'kidscreen_01__not_asked', 'kidscreen_01__routed_out', 'kidscreen_01__refused', 'kidscreen_01__dont_know'),
                ("'kidscreen_02'", "'KIDSCREEN-10, item 2; extended form only'", 'pupils', 'kidscreen_02__skipped', 'kidscreen_02__not_asked', 'kidscreen_02__routed_out', 'kidscreen_02__refused', 'kidscreen_02__dont_know'),
                ("'kidscreen_03'", "'KIDSCREEN-10, item 3; extended form only'", 'pupils', 'kidscreen_03__skipped', 'kidscreen_03__not_asked', 'kidscreen_03__routed_out', 'kidscreen_03__refused', 'kidscreen_03__dont_know'),
                ("'kidscreen_04'", "'KIDSCREEN-10, item 4; extended form only'", 'pupils', 'kidscreen_04__skipped', 'kidscreen_04__not_asked', 'kidscreen_04__routed_out', 'kidscreen_04__refused', 'kidscreen_04__dont_know'),
                ("'kidscreen_05'", "'KIDSCREEN-10, item 5; extended form only'", 'pupils', 'kidscreen_05__skipped', 'kidscreen_05__not_asked', 'kidscreen_05__routed_out', 'kidscreen_05__refused', 'kidscreen_05__dont_know'),
                ("'kidscreen_06'", "'KIDSCREEN-10, item 6; extended form only'", 'pupils', 'kidscreen_06__skipped', 'kidscreen_06__not_asked', 'kidscreen_06__routed_out', 'kidscreen_06__refused', 'kidscreen_06__dont_know'),
                ("'kidscreen_07'", "'KIDSCREEN-10, item 7; extended form only'", 'pupils', 'kidscreen_07__skipped', 'kidscreen_07__not_asked', 'kidscreen_07__routed_out', 'kidscreen_07__refused', 'kidscreen_07__dont_know'),
                ("'kidscreen_08'", "'KIDSCREEN-10, item 8; extended form only'", 'pupils', 'kidscreen_08__skipped', 'kidscreen_08__not_asked', 'kidscreen_08__routed_out', 'kidscreen_08__refused', 'kidscreen_08__dont_know'),
                ("'kidscreen_09'", "'KIDSCREEN-10, item 9; extended form only'", 'pupils', 'kidscreen_09__skipped', 'kidscreen_09__not_asked', 'kidscreen_09__routed_out', 'kidscreen_09__refused', 'kidscreen_09__dont_know'),
                ("'kidscreen_10'", "'KIDSCREEN-10, item 10; extended form only'", 'pupils', 'kidscreen_10__skipped', 'kidscreen_10__not_asked', 'kidscreen_10__routed_out', 'kidscreen_10__refused', 'kidscreen_10__dont_know'),
                ("'life_ladder'", "'Life satisfaction. Step of the ladder, 0 to 10; extended form only'", 'pupils', 'life_ladder__skipped', 'life_ladder__not_asked', 'life_ladder__routed_out', 'life_ladder__refused', 'life_ladder__dont_know'),
                ("'fas_car'", "'Family Affluence Scale III, cars; extended form only'", 'pupils', 'fas_car__skipped', 'fas_car__not_asked', 'fas_car__routed_out', 'fas_car__refused', 'fas_car__dont_know'),
                ("'fas_own_bedroom'", "'Family Affluence Scale III, bedroom of one''s own; extended form only'", 'pupils', 'fas_own_bedroom__skipped', 'fas_own_bedroom__not_asked', 'fas_own_bedroom__routed_out', 'fas_own_bedroom__refused', 'fas_own_bedroom__dont_know'),
                ("'fas_computers'", "'Family Affluence Scale III, computers; extended form only'", 'pupils', 'fas_computers__skipped', 'fas_computers__not_asked', 'fas_computers__routed_out', 'fas_computers__refused', 'fas_computers__dont_know'),
                ("'fas_bathrooms'", "'Family Affluence Scale III, bathrooms; extended form only'", 'pupils', 'fas_bathrooms__skipped', 'fas_bathrooms__not_asked', 'fas_bathrooms__routed_out', 'fas_bathrooms__refused', 'fas_bathrooms__dont_know'),
                ("'fas_dishwasher'", "'Family Affluence Scale III, dishwasher; extended form only'", 'pupils', 'fas_dishwasher__skipped', 'fas_dishwasher__not_asked', 'fas_dishwasher__routed_out', 'fas_dishwasher__refused', 'fas_dishwasher__dont_know'),
                ("'fas_holidays'", "'Family Affluence Scale III, holidays abroad in the past year; extended form only'", 'pupils', 'fas_holidays__skipped', 'fas_holidays__not_asked', 'fas_holidays__routed_out', 'fas_holidays__refused', 'fas_holidays__dont_know'),
            ],
        ) }}
    ) as long

    
),

placed as (
    select
        instrument,
        wave,
        'programme' as geography_level,
        'rcs' as geography_code,
        cast(null as varchar) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        item,
        label,

        cast(sum(pupils) as bigint) as pupils,
        cast(sum(skipped) as bigint) as skipped,
        cast(sum(not_asked) as bigint) as not_asked,
        cast(sum(routed_out) as bigint) as routed_out,
        cast(sum(refused) as bigint) as refused,
        cast(sum(dont_know) as bigint) as dont_know
    from counted
    where 'rcs' is not null
    group by instrument, wave, 'rcs', item, label

    union all
    select
        instrument,
        wave,
        'tranche' as geography_level,
        tranche as geography_code,
        max(tranche) as tranche,
        cast(null as varchar) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        item,
        label,

        cast(sum(pupils) as bigint) as pupils,
        cast(sum(skipped) as bigint) as skipped,
        cast(sum(not_asked) as bigint) as not_asked,
        cast(sum(routed_out) as bigint) as routed_out,
        cast(sum(refused) as bigint) as refused,
        cast(sum(dont_know) as bigint) as dont_know
    from counted
    where tranche is not null
    group by instrument, wave, tranche, item, label

    union all
    select
        instrument,
        wave,
        'cpp' as geography_level,
        cpp_code as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        item,
        label,

        cast(sum(pupils) as bigint) as pupils,
        cast(sum(skipped) as bigint) as skipped,
        cast(sum(not_asked) as bigint) as not_asked,
        cast(sum(routed_out) as bigint) as routed_out,
        cast(sum(refused) as bigint) as refused,
        cast(sum(dont_know) as bigint) as dont_know
    from counted
    where cpp_code is not null
    group by instrument, wave, cpp_code, item, label

    union all
    select
        instrument,
        wave,
        'school' as geography_level,
        school as geography_code,
        max(tranche) as tranche,
        max(collection) as collection,
        case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end as collected,
        item,
        label,

        cast(sum(pupils) as bigint) as pupils,
        cast(sum(skipped) as bigint) as skipped,
        cast(sum(not_asked) as bigint) as not_asked,
        cast(sum(routed_out) as bigint) as routed_out,
        cast(sum(refused) as bigint) as refused,
        cast(sum(dont_know) as bigint) as dont_know
    from counted
    where school is not null
    group by instrument, wave, school, item, label

    
),

-- Who was led past a question, or never given it, was not asked.
asked_of as (
    select
        *,
        pupils - not_asked - routed_out as asked,
        skipped + refused + dont_know as missing
    from placed
),

shares as (
    select
        *,
        asked - missing as answered,
        cast(missing as double) / nullif(asked, 0) as item_nonresponse,
        cast(skipped as double) / nullif(asked, 0) as skipped_share,
        cast(not_asked as double) / nullif(pupils, 0) as not_asked_share,
        cast(routed_out as double) / nullif(pupils, 0) as routed_out_share,
        cast(refused as double) / nullif(asked, 0) as refused_share,
        cast(dont_know as double) / nullif(asked, 0) as dont_know_share,
        case when asked = 0 then 'z' end as symbol
    from asked_of
)

select
    cast(shares.instrument as varchar) as instrument,
    cast(shares.wave as varchar) as wave,
    cast(shares.geography_level as varchar) as geography_level,
    cast(shares.geography_code as varchar) as geography_code,
    cast(coalesce(places.geography_name, shares.geography_code) as varchar) as geography_name,
    cast(shares.tranche as varchar) as tranche,
    cast(shares.collection as varchar) as collection,
    cast(shares.collected as varchar) as collected,
    cast(shares.item as varchar) as item,
    cast(shares.label as varchar) as label,
    cast(case when shares.symbol is null then shares.pupils end as integer) as pupils,
    cast(case when shares.symbol is null then shares.asked end as integer) as asked,
    cast(case when shares.symbol is null then shares.answered end as integer) as answered,
    cast(case when shares.symbol is null then shares.missing end as integer) as missing,
    cast(case when shares.symbol is null then shares.item_nonresponse end as double) as item_nonresponse,
    cast(case when shares.symbol is null then shares.skipped end as integer) as skipped,
    cast(case when shares.symbol is null then shares.not_asked end as integer) as not_asked,
    cast(case when shares.symbol is null then shares.routed_out end as integer) as routed_out,
    cast(case when shares.symbol is null then shares.refused end as integer) as refused,
    cast(case when shares.symbol is null then shares.dont_know end as integer) as dont_know,
    cast(case when shares.symbol is null then shares.skipped_share end as double) as skipped_share,
    cast(case when shares.symbol is null then shares.not_asked_share end as double) as not_asked_share,
    cast(case when shares.symbol is null then shares.routed_out_share end as double) as routed_out_share,
    cast(case when shares.symbol is null then shares.refused_share end as double) as refused_share,
    cast(case when shares.symbol is null then shares.dont_know_share end as double) as dont_know_share,
    cast(shares.symbol as varchar) as symbol
from shares
left join {{ ref('geographies') }} as places
    on shares.geography_level = places.geography_level and shares.geography_code = places.geography_code
order by instrument, wave, geography_level, geography_code, item

