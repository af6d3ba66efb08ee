-- Generated from data_contracts/deliveries/wellbeing_primary.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', schema='scored') }}

-- Unknown groups are drawn from the known ones of the same cell; the draw depends on the pupil alone.
with drawn as (
    select
        pupils.*,
        shares.sex__1 as sex__1,
        shares.sex__2 as sex__2,
        case when pupils.sex is null then {{ uniform_32("concat(cast(pupil_id as varchar), '|sex')") }} end as sex__draw,
        shares.simd_quintile__1 as simd_quintile__1,
        shares.simd_quintile__2 as simd_quintile__2,
        shares.simd_quintile__3 as simd_quintile__3,
        shares.simd_quintile__4 as simd_quintile__4,
        shares.simd_quintile__5 as simd_quintile__5,
        case when pupils.simd_quintile is null then {{ uniform_32("concat(cast(pupil_id as varchar), '|simd_quintile')") }} end as simd_quintile__draw,
        shares.urban_rural__1 as urban_rural__1,
        shares.urban_rural__2 as urban_rural__2,
        shares.urban_rural__3 as urban_rural__3,
        shares.urban_rural__4 as urban_rural__4,
        shares.urban_rural__5 as urban_rural__5,
        shares.urban_rural__6 as urban_rural__6,
        shares.urban_rural__7 as urban_rural__7,
        shares.urban_rural__8 as urban_rural__8,
        case when pupils.urban_rural is null then {{ uniform_32("concat(cast(pupil_id as varchar), '|urban_rural')") }} end as urban_rural__draw,
        shares.additional_needs__1 as additional_needs__1,
        shares.additional_needs__2 as additional_needs__2,
        case when pupils.additional_needs is null then {{ uniform_32("concat(cast(pupil_id as varchar), '|additional_needs')") }} end as additional_needs__draw,
        shares.free_meals__1 as free_meals__1,
        shares.free_meals__2 as free_meals__2,
        case when pupils.free_meals is null then {{ uniform_32("concat(cast(pupil_id as varchar), '|free_meals')") }} end as free_meals__draw
    from {{ ref('stg_wellbeing_primary') }} as pupils
    left join {{ ref('known_shares_wellbeing_primary') }} as shares
        on
            pupils.collection = shares.collection
            and pupils.school_code is not distinct from shares.school_code
            and pupils.stage is not distinct from shares.stage
)

select
    collection,
    source_row,
    pupil_id,
    cpp_code,
    school_code,
    stage,
    questionnaire_version,
    completed_on,
    minutes_taken,
    simd_version,
    learning_community,
    linked,
    fam_meals_together,
    fam_gets_on,
    fam_enjoys_time,
    fam_talks_if_worried,
    sch_enjoys_learning,
    sch_has_choice,
    sch_happy,
    sch_fair_teachers,
    sch_adult_to_talk_to,
    sch_worries_about_work,
    peer_has_friends,
    peer_left_out,
    peer_bullied,
    area_safe,
    area_places_to_play,
    area_likes_living,
    hlth_general,
    hlth_active_yesterday,
    hlth_fruit_veg_daily,
    hlth_sleeps_well,
    mood_sad,
    mood_worried,
    mood_lonely,
    mood_cheerful,
    future_positive,
    life_going_well,
    life_as_wanted,
    life_good,
    peer_time_to_play,
    sex__code,
    simd_quintile__code,
    simd_version__code,
    urban_rural__code,
    additional_needs__code,
    free_meals__code,
    linked__code,
    fam_meals_together__code,
    fam_gets_on__code,
    fam_enjoys_time__code,
    fam_talks_if_worried__code,
    sch_enjoys_learning__code,
    sch_has_choice__code,
    sch_happy__code,
    sch_fair_teachers__code,
    sch_adult_to_talk_to__code,
    sch_worries_about_work__code,
    peer_has_friends__code,
    peer_left_out__code,
    peer_bullied__code,
    area_safe__code,
    area_places_to_play__code,
    area_likes_living__code,
    hlth_general__code,
    hlth_active_yesterday__code,
    hlth_fruit_veg_daily__code,
    hlth_sleeps_well__code,
    mood_sad__code,
    mood_worried__code,
    mood_lonely__code,
    mood_cheerful__code,
    future_positive__code,
    life_going_well__code,
    life_as_wanted__code,
    life_good__code,
    peer_time_to_play__code,
    stage__missing,
    sex__missing,
    questionnaire_version__missing,
    simd_quintile__missing,
    simd_version__missing,
    urban_rural__missing,
    additional_needs__missing,
    free_meals__missing,
    linked__missing,
    fam_meals_together__missing,
    fam_gets_on__missing,
    fam_enjoys_time__missing,
    fam_talks_if_worried__missing,
    sch_enjoys_learning__missing,
    sch_has_choice__missing,
    sch_happy__missing,
    sch_fair_teachers__missing,
    sch_adult_to_talk_to__missing,
    sch_worries_about_work__missing,
    peer_has_friends__missing,
    peer_left_out__missing,
    peer_bullied__missing,
    area_safe__missing,
    area_places_to_play__missing,
    area_likes_living__missing,
    hlth_general__missing,
    hlth_active_yesterday__missing,
    hlth_fruit_veg_daily__missing,
    hlth_sleeps_well__missing,
    mood_sad__missing,
    mood_worried__missing,
    mood_lonely__missing,
    mood_cheerful__missing,
    future_positive__missing,
    life_going_well__missing,
    life_as_wanted__missing,
    life_good__missing,
    peer_time_to_play__missing,
    case
        when sex is not null then sex
        when sex__draw * sex__2 < sex__1 * 4294967296 then 1
        when sex__draw * sex__2 < sex__2 * 4294967296 then 2
    end as sex,
    sex is null and sex__2 > 0 as sex__allocated,
    case
        when simd_quintile is not null then simd_quintile
        when simd_quintile__draw * simd_quintile__5 < simd_quintile__1 * 4294967296 then 1
        when simd_quintile__draw * simd_quintile__5 < simd_quintile__2 * 4294967296 then 2
        when simd_quintile__draw * simd_quintile__5 < simd_quintile__3 * 4294967296 then 3
        when simd_quintile__draw * simd_quintile__5 < simd_quintile__4 * 4294967296 then 4
        when simd_quintile__draw * simd_quintile__5 < simd_quintile__5 * 4294967296 then 5
    end as simd_quintile,
    simd_quintile is null and simd_quintile__5 > 0 as simd_quintile__allocated,
    case
        when urban_rural is not null then urban_rural
        when urban_rural__draw * urban_rural__8 < urban_rural__1 * 4294967296 then 1
        when urban_rural__draw * urban_rural__8 < urban_rural__2 * 4294967296 then 2
        when urban_rural__draw * urban_rural__8 < urban_rural__3 * 4294967296 then 3
        when urban_rural__draw * urban_rural__8 < urban_rural__4 * 4294967296 then 4
        when urban_rural__draw * urban_rural__8 < urban_rural__5 * 4294967296 then 5
        when urban_rural__draw * urban_rural__8 < urban_rural__6 * 4294967296 then 6
        when urban_rural__draw * urban_rural__8 < urban_rural__7 * 4294967296 then 7
        when urban_rural__draw * urban_rural__8 < urban_rural__8 * 4294967296 then 8
    end as urban_rural,
    urban_rural is null and urban_rural__8 > 0 as urban_rural__allocated,
    case
        when additional_needs is not null then additional_needs
        when additional_needs__draw * additional_needs__2 < additional_needs__1 * 4294967296 then 0
        when additional_needs__draw * additional_needs__2 < additional_needs__2 * 4294967296 then 1
    end as additional_needs,
    additional_needs is null and additional_needs__2 > 0 as additional_needs__allocated,
    case
        when free_meals is not null then free_meals
        when free_meals__draw * free_meals__2 < free_meals__1 * 4294967296 then 0
        when free_meals__draw * free_meals__2 < free_meals__2 * 4294967296 then 1
    end as free_meals,
    free_meals is null and free_meals__2 > 0 as free_meals__allocated
from drawn
