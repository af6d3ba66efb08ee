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
            case when mood_sad between 1 and 5 then 1 else 0 end
            + case when mood_worried between 1 and 5 then 1 else 0 end
            + case when mood_lonely between 1 and 5 then 1 else 0 end
            + case when mood_cheerful between 1 and 5 then 1 else 0 end
        ) as primary_low_mood__answered,
        (
            case when mood_sad between 1 and 5 then mood_sad else 0 end
            + case when mood_worried between 1 and 5 then mood_worried else 0 end
            + case when mood_lonely between 1 and 5 then mood_lonely else 0 end
            + case when mood_cheerful between 1 and 5 then 6 - mood_cheerful else 0 end
        ) as primary_low_mood__total,
        (
            case when life_going_well between 1 and 5 then 1 else 0 end
            + case when life_as_wanted between 1 and 5 then 1 else 0 end
            + case when life_good between 1 and 5 then 1 else 0 end
        ) as primary_life_satisfaction__answered,
        (
            case when life_going_well between 1 and 5 then life_going_well else 0 end
            + case when life_as_wanted between 1 and 5 then life_as_wanted else 0 end
            + case when life_good between 1 and 5 then life_good else 0 end
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
        case when fam_meals_together > 5 then null when fam_meals_together >= 2 then cast(0 as tinyint) when fam_meals_together >= 1 then cast(1 as tinyint) end as p_meals_rare__y,
        case when fam_gets_on > 5 then null when fam_gets_on >= 4 then cast(1 as tinyint) when fam_gets_on >= 1 then cast(0 as tinyint) end as p_family_gets_on__y,
        case when fam_enjoys_time > 5 then null when fam_enjoys_time >= 4 then cast(1 as tinyint) when fam_enjoys_time >= 1 then cast(0 as tinyint) end as p_enjoys_family_time__y,
        case when fam_talks_if_worried > 4 then null when fam_talks_if_worried >= 3 then cast(1 as tinyint) when fam_talks_if_worried >= 1 then cast(0 as tinyint) end as p_talks_to_family__y,
        case when sch_enjoys_learning > 5 then null when sch_enjoys_learning >= 4 then cast(1 as tinyint) when sch_enjoys_learning >= 1 then cast(0 as tinyint) end as p_enjoys_learning__y,
        case when sch_has_choice > 5 then null when sch_has_choice >= 4 then cast(1 as tinyint) when sch_has_choice >= 1 then cast(0 as tinyint) end as p_choice_in_learning__y,
        case when sch_happy > 5 then null when sch_happy >= 4 then cast(1 as tinyint) when sch_happy >= 1 then cast(0 as tinyint) end as p_happy_at_school__y,
        case when sch_fair_teachers > 5 then null when sch_fair_teachers >= 4 then cast(1 as tinyint) when sch_fair_teachers >= 1 then cast(0 as tinyint) end as p_fair_teachers__y,
        case when sch_adult_to_talk_to > 5 then null when sch_adult_to_talk_to >= 4 then cast(1 as tinyint) when sch_adult_to_talk_to >= 1 then cast(0 as tinyint) end as p_adult_at_school__y,
        case when sch_worries_about_work > 5 then null when sch_worries_about_work >= 4 then cast(1 as tinyint) when sch_worries_about_work >= 1 then cast(0 as tinyint) end as p_worries_about_work__y,
        case when future_positive > 5 then null when future_positive >= 4 then cast(1 as tinyint) when future_positive >= 1 then cast(0 as tinyint) end as p_positive_future__y,
        case when peer_has_friends > 5 then null when peer_has_friends >= 4 then cast(1 as tinyint) when peer_has_friends >= 1 then cast(0 as tinyint) end as p_has_friends__y,
        case when peer_left_out > 5 then null when peer_left_out >= 4 then cast(1 as tinyint) when peer_left_out >= 1 then cast(0 as tinyint) end as p_left_out__y,
        case when peer_bullied > 5 then null when peer_bullied >= 3 then cast(1 as tinyint) when peer_bullied >= 1 then cast(0 as tinyint) end as p_bullied__y,
        case when area_safe > 5 then null when area_safe >= 4 then cast(1 as tinyint) when area_safe >= 1 then cast(0 as tinyint) end as p_safe_area__y,
        case when area_places_to_play > 5 then null when area_places_to_play >= 4 then cast(1 as tinyint) when area_places_to_play >= 1 then cast(0 as tinyint) end as p_places_to_play__y,
        case when area_likes_living > 5 then null when area_likes_living >= 4 then cast(1 as tinyint) when area_likes_living >= 1 then cast(0 as tinyint) end as p_likes_area__y,
        case when hlth_general > 5 then null when hlth_general >= 3 then cast(1 as tinyint) when hlth_general >= 1 then cast(0 as tinyint) end as p_good_health__y,
        case when hlth_active_yesterday > 1 then null when hlth_active_yesterday >= 1 then cast(1 as tinyint) when hlth_active_yesterday >= 0 then cast(0 as tinyint) end as p_active_yesterday__y,
        case when hlth_fruit_veg_daily > 1 then null when hlth_fruit_veg_daily >= 1 then cast(1 as tinyint) when hlth_fruit_veg_daily >= 0 then cast(0 as tinyint) end as p_fruit_veg__y,
        case when hlth_sleeps_well > 5 then null when hlth_sleeps_well >= 4 then cast(1 as tinyint) when hlth_sleeps_well >= 1 then cast(0 as tinyint) end as p_sleeps_well__y,
        cast((case when fam_enjoys_time > 5 then null when fam_enjoys_time >= 4 then cast(1 as tinyint) when fam_enjoys_time >= 1 then cast(0 as tinyint) end) * (case when fam_talks_if_worried > 4 then null when fam_talks_if_worried >= 3 then cast(1 as tinyint) when fam_talks_if_worried >= 1 then cast(0 as tinyint) end) as tinyint) as p_family_support__y,
        cast(sign((case when peer_bullied > 5 then null when peer_bullied >= 3 then cast(1 as tinyint) when peer_bullied >= 1 then cast(0 as tinyint) end) + (case when peer_left_out > 5 then null when peer_left_out >= 4 then cast(1 as tinyint) when peer_left_out >= 1 then cast(0 as tinyint) end)) as tinyint) as p_bullied_or_left_out__y,
        case when peer_time_to_play > 5 then null when peer_time_to_play >= 4 then cast(1 as tinyint) when peer_time_to_play >= 1 then cast(0 as tinyint) end as p_time_to_play__y,
        cast(1 - (cast(sign((case when peer_time_to_play > 5 then null when peer_time_to_play >= 4 then cast(1 as tinyint) when peer_time_to_play >= 1 then cast(0 as tinyint) end) + (case when area_places_to_play > 5 then null when area_places_to_play >= 4 then cast(1 as tinyint) when area_places_to_play >= 1 then cast(0 as tinyint) end)) as tinyint)) as tinyint) as p_no_place_for_play__y
    from banded
)

select * from indicators
