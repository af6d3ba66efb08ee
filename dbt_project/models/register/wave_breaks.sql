-- Generated from the measures and the register by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', database='scratch') }}

-- Every pair of waves that an indicator's figures are not comparable between, and why.
with declared (indicator_id, position, reason) as (
    values
    ('p_low_mood', cast(null as integer), 'relative to the average of each wave, which two waves do not share'),
    ('p_life_satisfaction_high', cast(null as integer), 'relative to the average of each wave, which two waves do not share'),
    ('s_affluence_low', cast(null as integer), 'relative to the pupils of each wave, so the shares of the whole never change'),
    ('s_affluence_high', cast(null as integer), 'relative to the pupils of each wave, so the shares of the whole never change')
),

pairs as (
    select
        later.wave,
        later.position,
        earlier.wave as other_wave,
        earlier.position as other_position
    from {{ ref('registered_waves') }} as later
    inner join {{ ref('registered_waves') }} as earlier
        on later.position > earlier.position
),

-- The forms of a questionnaire that were in the field.
fielded as (
    select distinct
        'primary' as instrument,
        wave,
        cast(questionnaire_version as varchar) as form
    from {{ ref('pupils_wellbeing_primary') }}
    where questionnaire_version is not null
    union all
    select distinct
        'secondary' as instrument,
        wave,
        cast(questionnaire_version as varchar) as form
    from {{ ref('pupils_wellbeing_secondary') }}
    where questionnaire_version is not null
),

-- Two waves share an indicator's form, or its question was put in another questionnaire.
shared as (
    select
        indicators.indicator_id,
        pairs.wave,
        pairs.other_wave,
        count(now.form) as forms_now,
        count(earlier.form) as forms_in_both
    from {{ ref('registered_indicators') }} as indicators
    cross join pairs
    inner join fielded as now
        on
            indicators.instrument = now.instrument
            and pairs.wave = now.wave
            and (indicators.versions is null or contains(', ' || indicators.versions || ', ', ', ' || now.form || ', '))
    left join fielded as earlier
        on now.instrument = earlier.instrument and pairs.other_wave = earlier.wave and now.form = earlier.form
    group by indicators.indicator_id, pairs.wave, pairs.other_wave
),

found as (
    select
        declared.indicator_id,
        pairs.wave,
        pairs.other_wave,
        declared.reason
    from declared
    inner join pairs
        -- A break without a position stands before every wave.
        on coalesce(declared.position, pairs.position) between pairs.other_position + 1 and pairs.position
    where declared.indicator_id is not null
    union all
    select
        indicator_id,
        wave,
        other_wave,
        'no form of the questionnaire in common' as reason
    from shared
    where forms_now > 0 and forms_in_both = 0
)

select
    indicator_id,
    wave,
    other_wave,
    {{ joined_list('reason', '; ') }} as reasons
from found
group by indicator_id, wave, other_wave
