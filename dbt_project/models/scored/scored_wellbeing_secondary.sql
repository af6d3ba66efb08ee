-- Generated from data_contracts/deliveries/wellbeing_secondary.odcs.yaml and the measures of `secondary` by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', schema='scored') }}

with pupils as (
    select
        pupils.*,
        norms_fas_3__relative.fas_3__relative__cut_1,
        norms_fas_3__relative.fas_3__relative__cut_2,
        norms_fas_3__relative.fas_3__relative__scored
    from {{ ref('pupils_wellbeing_secondary') }} as pupils
    left join {{ ref('norms_fas_3__relative') }} as norms_fas_3__relative
        on pupils.wave = norms_fas_3__relative.wave and pupils.sex = norms_fas_3__relative.sex and pupils.stage = norms_fas_3__relative.stage
),

answered as (
    select
        *,
        (
            case when sdq_03__code between 0 and 2 then 1 else 0 end
            + case when sdq_08__code between 0 and 2 then 1 else 0 end
            + case when sdq_13__code between 0 and 2 then 1 else 0 end
            + case when sdq_16__code between 0 and 2 then 1 else 0 end
            + case when sdq_24__code between 0 and 2 then 1 else 0 end
        ) as sdq_emotional__answered,
        (
            case when sdq_03__code between 0 and 2 then sdq_03__code else 0 end
            + case when sdq_08__code between 0 and 2 then sdq_08__code else 0 end
            + case when sdq_13__code between 0 and 2 then sdq_13__code else 0 end
            + case when sdq_16__code between 0 and 2 then sdq_16__code else 0 end
            + case when sdq_24__code between 0 and 2 then sdq_24__code else 0 end
        ) as sdq_emotional__total,
        (
            case when sdq_05__code between 0 and 2 then 1 else 0 end
            + case when sdq_07__code between 0 and 2 then 1 else 0 end
            + case when sdq_12__code between 0 and 2 then 1 else 0 end
            + case when sdq_18__code between 0 and 2 then 1 else 0 end
            + case when sdq_22__code between 0 and 2 then 1 else 0 end
        ) as sdq_conduct__answered,
        (
            case when sdq_05__code between 0 and 2 then sdq_05__code else 0 end
            + case when sdq_07__code between 0 and 2 then 2 - sdq_07__code else 0 end
            + case when sdq_12__code between 0 and 2 then sdq_12__code else 0 end
            + case when sdq_18__code between 0 and 2 then sdq_18__code else 0 end
            + case when sdq_22__code between 0 and 2 then sdq_22__code else 0 end
        ) as sdq_conduct__total,
        (
            case when sdq_02__code between 0 and 2 then 1 else 0 end
            + case when sdq_10__code between 0 and 2 then 1 else 0 end
            + case when sdq_15__code between 0 and 2 then 1 else 0 end
            + case when sdq_21__code between 0 and 2 then 1 else 0 end
            + case when sdq_25__code between 0 and 2 then 1 else 0 end
        ) as sdq_hyperactivity__answered,
        (
            case when sdq_02__code between 0 and 2 then sdq_02__code else 0 end
            + case when sdq_10__code between 0 and 2 then sdq_10__code else 0 end
            + case when sdq_15__code between 0 and 2 then sdq_15__code else 0 end
            + case when sdq_21__code between 0 and 2 then 2 - sdq_21__code else 0 end
            + case when sdq_25__code between 0 and 2 then 2 - sdq_25__code else 0 end
        ) as sdq_hyperactivity__total,
        (
            case when sdq_06__code between 0 and 2 then 1 else 0 end
            + case when sdq_11__code between 0 and 2 then 1 else 0 end
            + case when sdq_14__code between 0 and 2 then 1 else 0 end
            + case when sdq_19__code between 0 and 2 then 1 else 0 end
            + case when sdq_23__code between 0 and 2 then 1 else 0 end
        ) as sdq_peer__answered,
        (
            case when sdq_06__code between 0 and 2 then sdq_06__code else 0 end
            + case when sdq_11__code between 0 and 2 then 2 - sdq_11__code else 0 end
            + case when sdq_14__code between 0 and 2 then 2 - sdq_14__code else 0 end
            + case when sdq_19__code between 0 and 2 then sdq_19__code else 0 end
            + case when sdq_23__code between 0 and 2 then sdq_23__code else 0 end
        ) as sdq_peer__total,
        (
            case when sdq_01__code between 0 and 2 then 1 else 0 end
            + case when sdq_04__code between 0 and 2 then 1 else 0 end
            + case when sdq_09__code between 0 and 2 then 1 else 0 end
            + case when sdq_17__code between 0 and 2 then 1 else 0 end
            + case when sdq_20__code between 0 and 2 then 1 else 0 end
        ) as sdq_prosocial__answered,
        (
            case when sdq_01__code between 0 and 2 then sdq_01__code else 0 end
            + case when sdq_04__code between 0 and 2 then sdq_04__code else 0 end
            + case when sdq_09__code between 0 and 2 then sdq_09__code else 0 end
            + case when sdq_17__code between 0 and 2 then sdq_17__code else 0 end
            + case when sdq_20__code between 0 and 2 then sdq_20__code else 0 end
        ) as sdq_prosocial__total,
        (
            case when wemwbs_01__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_02__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_03__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_04__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_05__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_06__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_07__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_08__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_09__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_10__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_11__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_12__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_13__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_14__code between 1 and 5 then 1 else 0 end
        ) as wemwbs__answered,
        (
            case when wemwbs_01__code between 1 and 5 then wemwbs_01__code else 0 end
            + case when wemwbs_02__code between 1 and 5 then wemwbs_02__code else 0 end
            + case when wemwbs_03__code between 1 and 5 then wemwbs_03__code else 0 end
            + case when wemwbs_04__code between 1 and 5 then wemwbs_04__code else 0 end
            + case when wemwbs_05__code between 1 and 5 then wemwbs_05__code else 0 end
            + case when wemwbs_06__code between 1 and 5 then wemwbs_06__code else 0 end
            + case when wemwbs_07__code between 1 and 5 then wemwbs_07__code else 0 end
            + case when wemwbs_08__code between 1 and 5 then wemwbs_08__code else 0 end
            + case when wemwbs_09__code between 1 and 5 then wemwbs_09__code else 0 end
            + case when wemwbs_10__code between 1 and 5 then wemwbs_10__code else 0 end
            + case when wemwbs_11__code between 1 and 5 then wemwbs_11__code else 0 end
            + case when wemwbs_12__code between 1 and 5 then wemwbs_12__code else 0 end
            + case when wemwbs_13__code between 1 and 5 then wemwbs_13__code else 0 end
            + case when wemwbs_14__code between 1 and 5 then wemwbs_14__code else 0 end
        ) as wemwbs__total,
        (
            case when wemwbs_01__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_02__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_03__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_06__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_07__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_09__code between 1 and 5 then 1 else 0 end
            + case when wemwbs_11__code between 1 and 5 then 1 else 0 end
        ) as swemwbs__answered,
        (
            case when wemwbs_01__code between 1 and 5 then wemwbs_01__code else 0 end
            + case when wemwbs_02__code between 1 and 5 then wemwbs_02__code else 0 end
            + case when wemwbs_03__code between 1 and 5 then wemwbs_03__code else 0 end
            + case when wemwbs_06__code between 1 and 5 then wemwbs_06__code else 0 end
            + case when wemwbs_07__code between 1 and 5 then wemwbs_07__code else 0 end
            + case when wemwbs_09__code between 1 and 5 then wemwbs_09__code else 0 end
            + case when wemwbs_11__code between 1 and 5 then wemwbs_11__code else 0 end
        ) as swemwbs__total,
        (
            case when kidscreen_01__code between 1 and 5 then 1 else 0 end
            + case when kidscreen_02__code between 1 and 5 then 1 else 0 end
            + case when kidscreen_03__code between 1 and 5 then 1 else 0 end
            + case when kidscreen_04__code between 1 and 5 then 1 else 0 end
            + case when kidscreen_05__code between 1 and 5 then 1 else 0 end
            + case when kidscreen_06__code between 1 and 5 then 1 else 0 end
            + case when kidscreen_07__code between 1 and 5 then 1 else 0 end
            + case when kidscreen_08__code between 1 and 5 then 1 else 0 end
            + case when kidscreen_09__code between 1 and 5 then 1 else 0 end
            + case when kidscreen_10__code between 1 and 5 then 1 else 0 end
        ) as kidscreen_10__answered,
        (
            case when kidscreen_01__code between 1 and 5 then kidscreen_01__code else 0 end
            + case when kidscreen_02__code between 1 and 5 then kidscreen_02__code else 0 end
            + case when kidscreen_03__code between 1 and 5 then 6 - kidscreen_03__code else 0 end
            + case when kidscreen_04__code between 1 and 5 then 6 - kidscreen_04__code else 0 end
            + case when kidscreen_05__code between 1 and 5 then kidscreen_05__code else 0 end
            + case when kidscreen_06__code between 1 and 5 then kidscreen_06__code else 0 end
            + case when kidscreen_07__code between 1 and 5 then kidscreen_07__code else 0 end
            + case when kidscreen_08__code between 1 and 5 then kidscreen_08__code else 0 end
            + case when kidscreen_09__code between 1 and 5 then kidscreen_09__code else 0 end
            + case when kidscreen_10__code between 1 and 5 then kidscreen_10__code else 0 end
        ) as kidscreen_10__total,
        (
            case when life_ladder between 0 and 10 then 1 else 0 end
        ) as life_ladder__answered,
        (
            case when life_ladder between 0 and 10 then life_ladder else 0 end
        ) as life_ladder__total,
        (
            case when fas_car__code between 1 and 3 then 1 else 0 end
            + case when fas_own_bedroom__code between 0 and 1 then 1 else 0 end
            + case when fas_computers__code between 1 and 4 then 1 else 0 end
            + case when fas_bathrooms__code between 1 and 4 then 1 else 0 end
            + case when fas_dishwasher__code between 0 and 1 then 1 else 0 end
            + case when fas_holidays__code between 1 and 4 then 1 else 0 end
        ) as fas_3__answered,
        (
            case fas_car__code when 1 then 0 when 2 then 1 when 3 then 2 else 0 end
            + case fas_own_bedroom__code when 0 then 0 when 1 then 1 else 0 end
            + case fas_computers__code when 1 then 0 when 2 then 1 when 3 then 2 when 4 then 3 else 0 end
            + case fas_bathrooms__code when 1 then 0 when 2 then 1 when 3 then 2 when 4 then 3 else 0 end
            + case fas_dishwasher__code when 0 then 0 when 1 then 1 else 0 end
            + case fas_holidays__code when 1 then 0 when 2 then 1 when 3 then 2 when 4 then 3 else 0 end
        ) as fas_3__total
    from pupils
),

scores_0 as (
    select
        *,
        cast(case when sdq_emotional__answered >= 3 then floor((2 * 5 * sdq_emotional__total + sdq_emotional__answered) / nullif(2.0 * sdq_emotional__answered, 0)) end as integer) as sdq_emotional__score,
        cast(case when sdq_conduct__answered >= 3 then floor((2 * 5 * sdq_conduct__total + sdq_conduct__answered) / nullif(2.0 * sdq_conduct__answered, 0)) end as integer) as sdq_conduct__score,
        cast(case when sdq_hyperactivity__answered >= 3 then floor((2 * 5 * sdq_hyperactivity__total + sdq_hyperactivity__answered) / nullif(2.0 * sdq_hyperactivity__answered, 0)) end as integer) as sdq_hyperactivity__score,
        cast(case when sdq_peer__answered >= 3 then floor((2 * 5 * sdq_peer__total + sdq_peer__answered) / nullif(2.0 * sdq_peer__answered, 0)) end as integer) as sdq_peer__score,
        cast(case when sdq_prosocial__answered >= 3 then floor((2 * 5 * sdq_prosocial__total + sdq_prosocial__answered) / nullif(2.0 * sdq_prosocial__answered, 0)) end as integer) as sdq_prosocial__score,
        cast(case when wemwbs__answered = 14 and (stage = 'S2' or stage = 'S3' or stage = 'S4') then wemwbs__total end as integer) as wemwbs__score,
        cast(case when swemwbs__answered = 7 and (stage = 'S2' or stage = 'S3' or stage = 'S4') then case swemwbs__total when 7 then 7.00 when 8 then 9.51 when 9 then 11.25 when 10 then 12.40 when 11 then 13.33 when 12 then 14.08 when 13 then 14.75 when 14 then 15.32 when 15 then 15.84 when 16 then 16.36 when 17 then 16.88 when 18 then 17.43 when 19 then 17.98 when 20 then 18.59 when 21 then 19.25 when 22 then 19.98 when 23 then 20.73 when 24 then 21.54 when 25 then 22.35 when 26 then 23.21 when 27 then 24.11 when 28 then 25.03 when 29 then 26.02 when 30 then 27.03 when 31 then 28.13 when 32 then 29.31 when 33 then 30.70 when 34 then 32.55 when 35 then 35.00 end end as decimal(9, 2)) as swemwbs__score,
        cast(case when kidscreen_10__answered = 10 then kidscreen_10__total end as integer) as kidscreen_10__score,
        cast(case when life_ladder__answered = 1 then life_ladder__total end as integer) as life_ladder__score,
        cast(case when fas_3__answered = 6 then fas_3__total end as integer) as fas_3__score
    from answered
),

scores_1 as (
    select
        *,
        cast(sdq_emotional__score + sdq_conduct__score + sdq_hyperactivity__score + sdq_peer__score as integer) as sdq_total__score
    from scores_0
),

banded as (
    select
        *,
        case when sdq_emotional__score between 0 and 5 then 'normal' when sdq_emotional__score between 6 and 6 then 'borderline' when sdq_emotional__score between 7 and 10 then 'abnormal' end as sdq_emotional__three_band,
        case when sdq_emotional__score between 0 and 4 then 'close_to_average' when sdq_emotional__score between 5 and 5 then 'slightly_raised' when sdq_emotional__score between 6 and 6 then 'high' when sdq_emotional__score between 7 and 10 then 'very_high' end as sdq_emotional__four_band,
        case when sdq_conduct__score between 0 and 3 then 'normal' when sdq_conduct__score between 4 and 4 then 'borderline' when sdq_conduct__score between 5 and 10 then 'abnormal' end as sdq_conduct__three_band,
        case when sdq_conduct__score between 0 and 3 then 'close_to_average' when sdq_conduct__score between 4 and 4 then 'slightly_raised' when sdq_conduct__score between 5 and 5 then 'high' when sdq_conduct__score between 6 and 10 then 'very_high' end as sdq_conduct__four_band,
        case when sdq_hyperactivity__score between 0 and 5 then 'normal' when sdq_hyperactivity__score between 6 and 6 then 'borderline' when sdq_hyperactivity__score between 7 and 10 then 'abnormal' end as sdq_hyperactivity__three_band,
        case when sdq_hyperactivity__score between 0 and 5 then 'close_to_average' when sdq_hyperactivity__score between 6 and 6 then 'slightly_raised' when sdq_hyperactivity__score between 7 and 7 then 'high' when sdq_hyperactivity__score between 8 and 10 then 'very_high' end as sdq_hyperactivity__four_band,
        case when sdq_peer__score between 0 and 3 then 'normal' when sdq_peer__score between 4 and 5 then 'borderline' when sdq_peer__score between 6 and 10 then 'abnormal' end as sdq_peer__three_band,
        case when sdq_peer__score between 0 and 2 then 'close_to_average' when sdq_peer__score between 3 and 3 then 'slightly_raised' when sdq_peer__score between 4 and 4 then 'high' when sdq_peer__score between 5 and 10 then 'very_high' end as sdq_peer__four_band,
        case when sdq_prosocial__score between 6 and 10 then 'normal' when sdq_prosocial__score between 5 and 5 then 'borderline' when sdq_prosocial__score between 0 and 4 then 'abnormal' end as sdq_prosocial__three_band,
        case when sdq_prosocial__score between 7 and 10 then 'close_to_average' when sdq_prosocial__score between 6 and 6 then 'slightly_lowered' when sdq_prosocial__score between 5 and 5 then 'low' when sdq_prosocial__score between 0 and 4 then 'very_low' end as sdq_prosocial__four_band,
        case when sdq_total__score between 0 and 15 then 'normal' when sdq_total__score between 16 and 19 then 'borderline' when sdq_total__score between 20 and 40 then 'abnormal' end as sdq_total__three_band,
        case when sdq_total__score between 0 and 14 then 'close_to_average' when sdq_total__score between 15 and 17 then 'slightly_raised' when sdq_total__score between 18 and 19 then 'high' when sdq_total__score between 20 and 40 then 'very_high' end as sdq_total__four_band,
        case when wemwbs__score between 14 and 42 then 'low' when wemwbs__score between 43 and 59 then 'average' when wemwbs__score between 60 and 70 then 'high' end as wemwbs__three_band,
        case when wemwbs__score between 14 and 40 then 'probable' when wemwbs__score between 41 and 44 then 'possible' when wemwbs__score between 45 and 70 then 'neither' end as wemwbs__screening,
        case when life_ladder__score between 0 and 5 then 'other' when life_ladder__score between 6 and 10 then 'high' end as life_ladder__from_6,
        case when life_ladder__score between 0 and 6 then 'other' when life_ladder__score between 7 and 10 then 'high' end as life_ladder__from_7,
        case when fas_3__score >= fas_3__relative__cut_2 then 'high' when fas_3__score >= fas_3__relative__cut_1 then 'middle' when fas_3__score is not null and fas_3__relative__scored then 'low' end as fas_3__relative
    from scores_1
),

indicators as (
    select
        *,
        case when sdq_emotional__score between 7 and 10 then cast(1 as tinyint) when sdq_emotional__score is not null then cast(0 as tinyint) end as s_emotional_very_high__y,
        case when sdq_conduct__score between 6 and 10 then cast(1 as tinyint) when sdq_conduct__score is not null then cast(0 as tinyint) end as s_conduct_very_high__y,
        case when sdq_hyperactivity__score between 8 and 10 then cast(1 as tinyint) when sdq_hyperactivity__score is not null then cast(0 as tinyint) end as s_hyperactivity_very_high__y,
        case when sdq_peer__score between 5 and 10 then cast(1 as tinyint) when sdq_peer__score is not null then cast(0 as tinyint) end as s_peer_very_high__y,
        case when sdq_prosocial__score between 0 and 4 then cast(1 as tinyint) when sdq_prosocial__score is not null then cast(0 as tinyint) end as s_prosocial_very_low__y,
        case when sdq_total__score between 15 and 17 or sdq_total__score between 18 and 19 or sdq_total__score between 20 and 40 then cast(1 as tinyint) when sdq_total__score is not null then cast(0 as tinyint) end as s_total_raised__y,
        case when sdq_total__score between 20 and 40 then cast(1 as tinyint) when sdq_total__score is not null then cast(0 as tinyint) end as s_total_very_high__y,
        case when sdq_total__score between 20 and 40 then cast(1 as tinyint) when sdq_total__score is not null then cast(0 as tinyint) end as s_total_abnormal__y,
        case when sdq_total__score between 16 and 19 then cast(1 as tinyint) when sdq_total__score is not null then cast(0 as tinyint) end as s_total_borderline__y,
        cast(sdq_total__score * 100 as integer) as s_total_mean__y,
        case when (stage = 'S2' or stage = 'S3' or stage = 'S4') then cast(wemwbs__score * 100 as integer) end as s_wemwbs_mean__y,
        case when (stage = 'S2' or stage = 'S3' or stage = 'S4') then cast(round(swemwbs__score * 100) as integer) end as s_swemwbs_mean__y,
        case when fam_meals_together__code > 5 then null when fam_meals_together__code >= 2 then cast(0 as tinyint) when fam_meals_together__code >= 1 then cast(1 as tinyint) end as s_meals_rare__y,
        case when (questionnaire_version = 'main' or questionnaire_version = 'extended') then case when fam_conflict__code > 5 then null when fam_conflict__code >= 4 then cast(1 as tinyint) when fam_conflict__code >= 1 then cast(0 as tinyint) end end as s_family_conflict__y,
        case when fam_talks_if_worried__code > 4 then null when fam_talks_if_worried__code >= 3 then cast(1 as tinyint) when fam_talks_if_worried__code >= 1 then cast(0 as tinyint) end as s_talks_to_family__y,
        case when fam_enjoys_time__code > 5 then null when fam_enjoys_time__code >= 4 then cast(1 as tinyint) when fam_enjoys_time__code >= 1 then cast(0 as tinyint) end as s_enjoys_family_time__y,
        case when sch_enjoys_learning__code > 5 then null when sch_enjoys_learning__code >= 4 then cast(1 as tinyint) when sch_enjoys_learning__code >= 1 then cast(0 as tinyint) end as s_enjoys_learning__y,
        case when sch_has_choice__code > 5 then null when sch_has_choice__code >= 4 then cast(1 as tinyint) when sch_has_choice__code >= 1 then cast(0 as tinyint) end as s_choice_in_learning__y,
        case when sch_happy__code > 5 then null when sch_happy__code >= 4 then cast(1 as tinyint) when sch_happy__code >= 1 then cast(0 as tinyint) end as s_happy_at_school__y,
        case when sch_fair_teachers__code > 5 then null when sch_fair_teachers__code >= 4 then cast(1 as tinyint) when sch_fair_teachers__code >= 1 then cast(0 as tinyint) end as s_fair_teachers__y,
        case when sch_adult_to_talk_to__code > 5 then null when sch_adult_to_talk_to__code >= 4 then cast(1 as tinyint) when sch_adult_to_talk_to__code >= 1 then cast(0 as tinyint) end as s_adult_at_school__y,
        case when sch_worries_about_work__code > 5 then null when sch_worries_about_work__code >= 4 then cast(1 as tinyint) when sch_worries_about_work__code >= 1 then cast(0 as tinyint) end as s_worries_about_work__y,
        case when sch_skips__code > 5 then null when sch_skips__code >= 3 then cast(1 as tinyint) when sch_skips__code >= 1 then cast(0 as tinyint) end as s_skips_school__y,
        case when future_positive__code > 5 then null when future_positive__code >= 4 then cast(1 as tinyint) when future_positive__code >= 1 then cast(0 as tinyint) end as s_positive_future__y,
        case when peer_close_friends__code > 5 then null when peer_close_friends__code >= 4 then cast(1 as tinyint) when peer_close_friends__code >= 1 then cast(0 as tinyint) end as s_close_friends__y,
        case when peer_left_out__code > 5 then null when peer_left_out__code >= 4 then cast(1 as tinyint) when peer_left_out__code >= 1 then cast(0 as tinyint) end as s_left_out__y,
        case when peer_bullied__code > 5 then null when peer_bullied__code >= 3 then cast(1 as tinyint) when peer_bullied__code >= 1 then cast(0 as tinyint) end as s_bullied__y,
        case when peer_bullied_online__code > 5 then null when peer_bullied_online__code >= 3 then cast(1 as tinyint) when peer_bullied_online__code >= 1 then cast(0 as tinyint) end as s_bullied_online__y,
        case when peer_lonely__code > 5 then null when peer_lonely__code >= 4 then cast(1 as tinyint) when peer_lonely__code >= 1 then cast(0 as tinyint) end as s_lonely__y,
        case when (questionnaire_version = 'main' or questionnaire_version = 'extended') then case when area_safe__code > 5 then null when area_safe__code >= 4 then cast(1 as tinyint) when area_safe__code >= 1 then cast(0 as tinyint) end end as s_safe_area__y,
        case when (questionnaire_version = 'main' or questionnaire_version = 'extended') then case when area_things_to_do__code > 5 then null when area_things_to_do__code >= 4 then cast(1 as tinyint) when area_things_to_do__code >= 1 then cast(0 as tinyint) end end as s_things_to_do__y,
        case when hlth_general__code > 5 then null when hlth_general__code >= 3 then cast(1 as tinyint) when hlth_general__code >= 1 then cast(0 as tinyint) end as s_good_health__y,
        case when (questionnaire_version = 'main' or questionnaire_version = 'extended') then case when hlth_fruit_veg_daily__code > 1 then null when hlth_fruit_veg_daily__code >= 1 then cast(1 as tinyint) when hlth_fruit_veg_daily__code >= 0 then cast(0 as tinyint) end end as s_fruit_veg__y,
        case when (questionnaire_version = 'main' or questionnaire_version = 'extended') then case when hlth_breakfast__code > 5 then null when hlth_breakfast__code >= 4 then cast(1 as tinyint) when hlth_breakfast__code >= 1 then cast(0 as tinyint) end end as s_breakfast__y,
        case when hlth_sleeps_well__code > 5 then null when hlth_sleeps_well__code >= 4 then cast(1 as tinyint) when hlth_sleeps_well__code >= 1 then cast(0 as tinyint) end as s_sleeps_well__y,
        case when sub_smoked_ever__code > 1 then null when sub_smoked_ever__code >= 1 then cast(1 as tinyint) when sub_smoked_ever__code >= 0 then cast(0 as tinyint) end as s_smoked_ever__y,
        case when sub_vaped_ever__code > 1 then null when sub_vaped_ever__code >= 1 then cast(1 as tinyint) when sub_vaped_ever__code >= 0 then cast(0 as tinyint) end as s_vaped_ever__y,
        case when sub_drank_ever__code > 1 then null when sub_drank_ever__code >= 1 then cast(1 as tinyint) when sub_drank_ever__code >= 0 then cast(0 as tinyint) end as s_drank_ever__y,
        case when (stage = 'S2' or stage = 'S3' or stage = 'S4') then case when sub_drugs_ever__code > 1 then null when sub_drugs_ever__code >= 1 then cast(1 as tinyint) when sub_drugs_ever__code >= 0 then cast(0 as tinyint) end end as s_drugs_ever__y,
        case when hlth_active_days >= 5 then cast(1 as tinyint) when hlth_active_days is not null then cast(0 as tinyint) end as s_active_five_days__y,
        case when (stage = 'S2' or stage = 'S3' or stage = 'S4') then case when wemwbs__score between 14 and 42 then cast(1 as tinyint) when wemwbs__score is not null then cast(0 as tinyint) end end as s_wellbeing_low__y,
        cast((case when sdq_emotional__score between 7 and 10 then cast(1 as tinyint) when sdq_emotional__score is not null then cast(0 as tinyint) end) * (case when sdq_conduct__score between 6 and 10 then cast(1 as tinyint) when sdq_conduct__score is not null then cast(0 as tinyint) end) as tinyint) as s_emotional_and_conduct__y,
        cast((case when fam_enjoys_time__code > 5 then null when fam_enjoys_time__code >= 4 then cast(1 as tinyint) when fam_enjoys_time__code >= 1 then cast(0 as tinyint) end) * (case when fam_talks_if_worried__code > 4 then null when fam_talks_if_worried__code >= 3 then cast(1 as tinyint) when fam_talks_if_worried__code >= 1 then cast(0 as tinyint) end) as tinyint) as s_family_support__y,
        case when (questionnaire_version = 'main' or questionnaire_version = 'extended') then case when fam_knows_whereabouts__code > 5 then null when fam_knows_whereabouts__code >= 4 then cast(1 as tinyint) when fam_knows_whereabouts__code >= 1 then cast(0 as tinyint) end end as s_knows_whereabouts__y,
        cast(sign((case when peer_bullied__code > 5 then null when peer_bullied__code >= 3 then cast(1 as tinyint) when peer_bullied__code >= 1 then cast(0 as tinyint) end) + (case when peer_bullied_online__code > 5 then null when peer_bullied_online__code >= 3 then cast(1 as tinyint) when peer_bullied_online__code >= 1 then cast(0 as tinyint) end)) as tinyint) as s_bullied_any__y,
        cast((cast(1 - (case when peer_close_friends__code > 5 then null when peer_close_friends__code >= 4 then cast(1 as tinyint) when peer_close_friends__code >= 1 then cast(0 as tinyint) end) as tinyint)) * (cast(sign((case when peer_lonely__code > 5 then null when peer_lonely__code >= 4 then cast(1 as tinyint) when peer_lonely__code >= 1 then cast(0 as tinyint) end) + (case when peer_left_out__code > 5 then null when peer_left_out__code >= 4 then cast(1 as tinyint) when peer_left_out__code >= 1 then cast(0 as tinyint) end)) as tinyint)) as tinyint) as s_isolated__y,
        case when (questionnaire_version = 'main' or questionnaire_version = 'extended') then case when area_likes_living__code > 5 then null when area_likes_living__code >= 4 then cast(1 as tinyint) when area_likes_living__code >= 1 then cast(0 as tinyint) end end as s_likes_area__y,
        case when (case when sub_smoked_ever__code > 1 then null when sub_smoked_ever__code >= 1 then cast(1 as tinyint) when sub_smoked_ever__code >= 0 then cast(0 as tinyint) end) = 1 and (case when sub_smokes_weekly__code > 1 then null when sub_smokes_weekly__code >= 1 then cast(1 as tinyint) when sub_smokes_weekly__code >= 0 then cast(0 as tinyint) end) = 1 then cast(1 as tinyint) when (case when sub_smoked_ever__code > 1 then null when sub_smoked_ever__code >= 1 then cast(1 as tinyint) when sub_smoked_ever__code >= 0 then cast(0 as tinyint) end) = 0 or (case when sub_smokes_weekly__code > 1 then null when sub_smokes_weekly__code >= 1 then cast(1 as tinyint) when sub_smokes_weekly__code >= 0 then cast(0 as tinyint) end) = 0 then cast(0 as tinyint) end as s_smokes_weekly__y,
        case when (case when sub_drank_ever__code > 1 then null when sub_drank_ever__code >= 1 then cast(1 as tinyint) when sub_drank_ever__code >= 0 then cast(0 as tinyint) end) = 1 and (case when sub_drunk_ever__code > 1 then null when sub_drunk_ever__code >= 1 then cast(1 as tinyint) when sub_drunk_ever__code >= 0 then cast(0 as tinyint) end) = 1 then cast(1 as tinyint) when (case when sub_drank_ever__code > 1 then null when sub_drank_ever__code >= 1 then cast(1 as tinyint) when sub_drank_ever__code >= 0 then cast(0 as tinyint) end) = 0 or (case when sub_drunk_ever__code > 1 then null when sub_drunk_ever__code >= 1 then cast(1 as tinyint) when sub_drunk_ever__code >= 0 then cast(0 as tinyint) end) = 0 then cast(0 as tinyint) end as s_drunk_ever__y,
        case when (stage = 'S2' or stage = 'S3' or stage = 'S4') then case when sub_drugs_offered__code > 1 then null when sub_drugs_offered__code >= 1 then cast(1 as tinyint) when sub_drugs_offered__code >= 0 then cast(0 as tinyint) end end as s_drugs_offered__y,
        case when (stage = 'S2' or stage = 'S3' or stage = 'S4') then cast(sign((case when sub_smoked_ever__code > 1 then null when sub_smoked_ever__code >= 1 then cast(1 as tinyint) when sub_smoked_ever__code >= 0 then cast(0 as tinyint) end) + (case when sub_vaped_ever__code > 1 then null when sub_vaped_ever__code >= 1 then cast(1 as tinyint) when sub_vaped_ever__code >= 0 then cast(0 as tinyint) end) + (case when sub_drank_ever__code > 1 then null when sub_drank_ever__code >= 1 then cast(1 as tinyint) when sub_drank_ever__code >= 0 then cast(0 as tinyint) end) + (case when sub_drugs_ever__code > 1 then null when sub_drugs_ever__code >= 1 then cast(1 as tinyint) when sub_drugs_ever__code >= 0 then cast(0 as tinyint) end)) as tinyint) end as s_any_substance__y,
        case when questionnaire_version = 'extended' then case when life_ladder__score >= 6 then cast(1 as tinyint) when life_ladder__score is not null then cast(0 as tinyint) end end as s_ladder_high__y,
        case when questionnaire_version = 'extended' then cast(life_ladder__score * 100 as integer) end as s_ladder_mean__y,
        case when questionnaire_version = 'extended' then cast(kidscreen_10__score * 100 as integer) end as s_kidscreen_mean__y,
        case when questionnaire_version = 'extended' then case when fas_3__relative = 'low' then cast(1 as tinyint) when fas_3__relative is not null then cast(0 as tinyint) end end as s_affluence_low__y,
        case when questionnaire_version = 'extended' then case when fas_3__relative = 'high' then cast(1 as tinyint) when fas_3__relative is not null then cast(0 as tinyint) end end as s_affluence_high__y
    from banded
)

select * from indicators
