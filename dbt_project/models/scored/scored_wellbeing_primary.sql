-- Generated from data_contracts/deliveries/wellbeing_primary.odcs.yaml and the measures of `primary` by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', schema='scored') }}

with pupils as (
    select
        pupils.*,
        norms_primary_low_mood__relative.primary_low_mood__relative__cut_1,
        norms_primary_low_mood__relative.primary_low_mood__relative__scored,
        norms_primary_life_satisfaction__relative.primary_life_satisfaction__relative__cut_1,
        norms_primary_life_satisfaction__relative.primary_life_satisfaction__relative__scored
    from {{ ref('pupils_wellbeing_primary') }} as pupils
    left join {{ ref('norms_primary_low_mood__relative') }} as norms_primary_low_mood__relative
        on pupils.wave = norms_primary_low_mood__relative.wave
    left join {{ ref('norms_primary_life_satisfaction__relative') }} as norms_primary_life_satisfaction__relative
        on pupils.wave = norms_primary_life_satisfaction__relative.wave
),

answered as (
    select
        *,
        (
            case when mood_sad__code between 1 and 5 then 1 else 0 end
            + case when mood_worried__code between 1 and 5 then 1 else 0 end
            + case when mood_lonely__code between 1 and 5 then 1 else 0 end
            + case when mood_cheerful__code between 1 and 5 then 1 else 0 end
        ) as primary_low_mood__answered,
        (
            case when mood_sad__code between 1 and 5 then mood_sad__code else 0 end
            + case when mood_worried__code between 1 and 5 then mood_worried__code else 0 end
            + case when mood_lonely__code between 1 and 5 then mood_lonely__code else 0 end
            + case when mood_cheerful__code between 1 and 5 then 6 - mood_cheerful__code else 0 end
        ) as primary_low_mood__total,
        (
            case when life_going_well__code between 1 and 5 then 1 else 0 end
            + case when life_as_wanted__code between 1 and 5 then 1 else 0 end
            + case when life_good__code between 1 and 5 then 1 else 0 end
        ) as primary_life_satisfaction__answered,
        (
            case when life_going_well__code between 1 and 5 then life_going_well__code else 0 end
            + case when life_as_wanted__code between 1 and 5 then life_as_wanted__code else 0 end
            + case when life_good__code between 1 and 5 then life_good__code else 0 end
        ) as primary_life_satisfaction__total
    from pupils
),

scores_0 as (
    select
        *,
        cast(case when primary_low_mood__answered >= 3 then floor((2 * 4 * primary_low_mood__total + primary_low_mood__answered) / nullif(2.0 * primary_low_mood__answered, 0)) end as integer) as primary_low_mood__score,
        cast(case when primary_life_satisfaction__answered = 3 then primary_life_satisfaction__total end as integer) as primary_life_satisfaction__score
    from answered
),

banded as (
    select
        *,
        case when primary_low_mood__score >= primary_low_mood__relative__cut_1 then 'low_mood' when primary_low_mood__score is not null and primary_low_mood__relative__scored then 'other' end as primary_low_mood__relative,
        case when primary_life_satisfaction__score >= primary_life_satisfaction__relative__cut_1 then 'high' when primary_life_satisfaction__score is not null and primary_life_satisfaction__relative__scored then 'other' end as primary_life_satisfaction__relative
    from scores_0
),

indicators as (
    select
        *,
        case when primary_low_mood__relative = 'low_mood' then cast(1 as tinyint) when primary_low_mood__relative is not null then cast(0 as tinyint) end as p_low_mood__y,
        case when primary_life_satisfaction__relative = 'high' then cast(1 as tinyint) when primary_life_satisfaction__relative is not null then cast(0 as tinyint) end as p_life_satisfaction_high__y,
        cast(primary_life_satisfaction__score * 100 as integer) as p_life_satisfaction_mean__y,
        case when fam_meals_together__code > 5 then null when fam_meals_together__code >= 2 then cast(0 as tinyint) when fam_meals_together__code >= 1 then cast(1 as tinyint) end as p_meals_rare__y,
        case when fam_gets_on__code > 5 then null when fam_gets_on__code >= 4 then cast(1 as tinyint) when fam_gets_on__code >= 1 then cast(0 as tinyint) end as p_family_gets_on__y,
        case when fam_enjoys_time__code > 5 then null when fam_enjoys_time__code >= 4 then cast(1 as tinyint) when fam_enjoys_time__code >= 1 then cast(0 as tinyint) end as p_enjoys_family_time__y,
        case when fam_talks_if_worried__code > 4 then null when fam_talks_if_worried__code >= 3 then cast(1 as tinyint) when fam_talks_if_worried__code >= 1 then cast(0 as tinyint) end as p_talks_to_family__y,
        case when sch_enjoys_learning__code > 5 then null when sch_enjoys_learning__code >= 4 then cast(1 as tinyint) when sch_enjoys_learning__code >= 1 then cast(0 as tinyint) end as p_enjoys_learning__y,
        case when sch_has_choice__code > 5 then null when sch_has_choice__code >= 4 then cast(1 as tinyint) when sch_has_choice__code >= 1 then cast(0 as tinyint) end as p_choice_in_learning__y,
        case when sch_happy__code > 5 then null when sch_happy__code >= 4 then cast(1 as tinyint) when sch_happy__code >= 1 then cast(0 as tinyint) end as p_happy_at_school__y,
        case when sch_fair_teachers__code > 5 then null when sch_fair_teachers__code >= 4 then cast(1 as tinyint) when sch_fair_teachers__code >= 1 then cast(0 as tinyint) end as p_fair_teachers__y,
        case when sch_adult_to_talk_to__code > 5 then null when sch_adult_to_talk_to__code >= 4 then cast(1 as tinyint) when sch_adult_to_talk_to__code >= 1 then cast(0 as tinyint) end as p_adult_at_school__y,
        case when sch_worries_about_work__code > 5 then null when sch_worries_about_work__code >= 4 then cast(1 as tinyint) when sch_worries_about_work__code >= 1 then cast(0 as tinyint) end as p_worries_about_work__y,
        case when future_positive__code > 5 then null when future_positive__code >= 4 then cast(1 as tinyint) when future_positive__code >= 1 then cast(0 as tinyint) end as p_positive_future__y,
        case when peer_has_friends__code > 5 then null when peer_has_friends__code >= 4 then cast(1 as tinyint) when peer_has_friends__code >= 1 then cast(0 as tinyint) end as p_has_friends__y,
        case when peer_left_out__code > 5 then null when peer_left_out__code >= 4 then cast(1 as tinyint) when peer_left_out__code >= 1 then cast(0 as tinyint) end as p_left_out__y,
        case when peer_bullied__code > 5 then null when peer_bullied__code >= 3 then cast(1 as tinyint) when peer_bullied__code >= 1 then cast(0 as tinyint) end as p_bullied__y,
        case when area_safe__code > 5 then null when area_safe__code >= 4 then cast(1 as tinyint) when area_safe__code >= 1 then cast(0 as tinyint) end as p_safe_area__y,
        case when area_places_to_play__code > 5 then null when area_places_to_play__code >= 4 then cast(1 as tinyint) when area_places_to_play__code >= 1 then cast(0 as tinyint) end as p_places_to_play__y,
        case when area_likes_living__code > 5 then null when area_likes_living__code >= 4 then cast(1 as tinyint) when area_likes_living__code >= 1 then cast(0 as tinyint) end as p_likes_area__y,
        case when hlth_general__code > 5 then null when hlth_general__code >= 3 then cast(1 as tinyint) when hlth_general__code >= 1 then cast(0 as tinyint) end as p_good_health__y,
        case when hlth_active_yesterday__code > 1 then null when hlth_active_yesterday__code >= 1 then cast(1 as tinyint) when hlth_active_yesterday__code >= 0 then cast(0 as tinyint) end as p_active_yesterday__y,
        case when hlth_fruit_veg_daily__code > 1 then null when hlth_fruit_veg_daily__code >= 1 then cast(1 as tinyint) when hlth_fruit_veg_daily__code >= 0 then cast(0 as tinyint) end as p_fruit_veg__y,
        case when hlth_sleeps_well__code > 5 then null when hlth_sleeps_well__code >= 4 then cast(1 as tinyint) when hlth_sleeps_well__code >= 1 then cast(0 as tinyint) end as p_sleeps_well__y,
        cast((case when fam_enjoys_time__code > 5 then null when fam_enjoys_time__code >= 4 then cast(1 as tinyint) when fam_enjoys_time__code >= 1 then cast(0 as tinyint) end) * (case when fam_talks_if_worried__code > 4 then null when fam_talks_if_worried__code >= 3 then cast(1 as tinyint) when fam_talks_if_worried__code >= 1 then cast(0 as tinyint) end) as tinyint) as p_family_support__y,
        cast(sign((case when peer_bullied__code > 5 then null when peer_bullied__code >= 3 then cast(1 as tinyint) when peer_bullied__code >= 1 then cast(0 as tinyint) end) + (case when peer_left_out__code > 5 then null when peer_left_out__code >= 4 then cast(1 as tinyint) when peer_left_out__code >= 1 then cast(0 as tinyint) end)) as tinyint) as p_bullied_or_left_out__y,
        case when peer_time_to_play__code > 5 then null when peer_time_to_play__code >= 4 then cast(1 as tinyint) when peer_time_to_play__code >= 1 then cast(0 as tinyint) end as p_time_to_play__y,
        cast(1 - (cast(sign((case when peer_time_to_play__code > 5 then null when peer_time_to_play__code >= 4 then cast(1 as tinyint) when peer_time_to_play__code >= 1 then cast(0 as tinyint) end) + (case when area_places_to_play__code > 5 then null when area_places_to_play__code >= 4 then cast(1 as tinyint) when area_places_to_play__code >= 1 then cast(0 as tinyint) end)) as tinyint)) as tinyint) as p_no_place_for_play__y
    from banded
)

select * from indicators
