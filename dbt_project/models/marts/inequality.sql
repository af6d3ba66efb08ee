-- Generated from data_contracts/products/rcs/inequality.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

with cells as (
    select
        estimates.indicator_id,
        estimates.instrument,
        estimates.wave,
        estimates.geography_level,
        estimates.geography_code,
        estimates.geography_name,
        estimates.tranche,
        estimates.collected,
        estimates.group_by,
        max(estimates.quality_flag) as quality_flag,
        sum(estimates.base) as base,
        max(case when estimates.group_value = '1' then estimates.estimate end) as y1,
        max(case when estimates.group_value = '1' then {{ error_of('estimates') }} end) as e1,
        max(case when estimates.group_value = '1' then estimates.weighted_base end) as w1,
        max(case when estimates.group_value = '2' then estimates.estimate end) as y2,
        max(case when estimates.group_value = '2' then {{ error_of('estimates') }} end) as e2,
        max(case when estimates.group_value = '2' then estimates.weighted_base end) as w2,
        max(case when estimates.group_value = '3' then estimates.estimate end) as y3,
        max(case when estimates.group_value = '3' then {{ error_of('estimates') }} end) as e3,
        max(case when estimates.group_value = '3' then estimates.weighted_base end) as w3,
        max(case when estimates.group_value = '4' then estimates.estimate end) as y4,
        max(case when estimates.group_value = '4' then {{ error_of('estimates') }} end) as e4,
        max(case when estimates.group_value = '4' then estimates.weighted_base end) as w4,
        max(case when estimates.group_value = '5' then estimates.estimate end) as y5,
        max(case when estimates.group_value = '5' then {{ error_of('estimates') }} end) as e5,
        max(case when estimates.group_value = '5' then estimates.weighted_base end) as w5,
        count(estimates.estimate) as groups
    from {{ ref('indicator_estimates') }} as estimates
    where
        estimates.group_by = 'simd_quintile'
        and estimates.group_value in ('1', '2', '3', '4', '5')
        and estimates.geography_level in ('programme', 'tranche', 'cpp')
    group by
        estimates.indicator_id, estimates.instrument, estimates.wave, estimates.geography_level,
        estimates.geography_code, estimates.geography_name, estimates.tranche, estimates.collected,
        estimates.group_by
),

-- The share of each group in the population; all of them are needed.
shares as (
    select
        cells.*,
        case when groups = 5 then w1 / nullif(w1 + w2 + w3 + w4 + w5, 0) end as s1,
        case when groups = 5 then w2 / nullif(w1 + w2 + w3 + w4 + w5, 0) end as s2,
        case when groups = 5 then w3 / nullif(w1 + w2 + w3 + w4 + w5, 0) end as s3,
        case when groups = 5 then w4 / nullif(w1 + w2 + w3 + w4 + w5, 0) end as s4,
        case when groups = 5 then w5 / nullif(w1 + w2 + w3 + w4 + w5, 0) end as s5
    from cells
),

-- The middle of each group on the population's scale from the worst off (0) to the best off (1), less its mean, a half.
ranked as (
    select
        shares.*,
s1 / 2 - 0.5 as x1,
s1 + s2 / 2 - 0.5 as x2,
s1 + s2 + s3 / 2 - 0.5 as x3,
s1 + s2 + s3 + s4 / 2 - 0.5 as x4,
s1 + s2 + s3 + s4 + s5 / 2 - 0.5 as x5
    from shares
),

-- The slope of the weighted regression is a sum of the estimates, each times its lever; turned round, so that more
-- among the worst off is above nothing.
levers as (
    select
        ranked.*,
        -s1 * x1 / nullif(s1 * x1 * x1 + s2 * x2 * x2 + s3 * x3 * x3 + s4 * x4 * x4 + s5 * x5 * x5, 0) as c1,
        -s2 * x2 / nullif(s1 * x1 * x1 + s2 * x2 * x2 + s3 * x3 * x3 + s4 * x4 * x4 + s5 * x5 * x5, 0) as c2,
        -s3 * x3 / nullif(s1 * x1 * x1 + s2 * x2 * x2 + s3 * x3 * x3 + s4 * x4 * x4 + s5 * x5 * x5, 0) as c3,
        -s4 * x4 / nullif(s1 * x1 * x1 + s2 * x2 * x2 + s3 * x3 * x3 + s4 * x4 * x4 + s5 * x5 * x5, 0) as c4,
        -s5 * x5 / nullif(s1 * x1 * x1 + s2 * x2 * x2 + s3 * x3 * x3 + s4 * x4 * x4 + s5 * x5 * x5, 0) as c5,
s1 * y1 + s2 * y2 + s3 * y3 + s4 * y4 + s5 * y5 as average
    from ranked
),

sloped as (
    select
        levers.*,
c1 * y1 + c2 * y2 + c3 * y3 + c4 * y4 + c5 * y5 as slope_index,
        sqrt(power(c1 * e1, 2) + power(c2 * e2, 2) + power(c3 * e3, 2) + power(c4 * e4, 2) + power(c5 * e5, 2)) as slope_error,
        y1 - y5 as gap,
        sqrt(e1 * e1 + e5 * e5) as gap_error
    from levers
),

-- Relative figures are for shares: a score has no nothing to count from.
relative as (
    select
        sloped.*,
        indicators.polarity,
        case when indicators.kind = 'proportion' then slope_index / nullif(average, 0) end as relative_index,
        case when indicators.kind = 'proportion' then y1 / nullif(y5, 0) end as ratio,
        sqrt(power(e1 / nullif(y1, 0), 2) + power(e5 / nullif(y5, 0), 2)) as log_error
    from sloped
    left join {{ ref('registered_indicators') }} as indicators
        on sloped.indicator_id = indicators.indicator_id
),

erring as (
    select
        relative.*,
        sqrt(power((c1 - relative_index * s1) * e1, 2) + power((c2 - relative_index * s2) * e2, 2) + power((c3 - relative_index * s3) * e3, 2) + power((c4 - relative_index * s4) * e4, 2) + power((c5 - relative_index * s5) * e5, 2))
        / nullif(average, 0) as relative_error
    from relative
),

limits as (
    select
        erring.*,
        slope_index - {{ normal_975() }} * slope_error as slope_lower,
        slope_index + {{ normal_975() }} * slope_error as slope_upper,
        relative_index - {{ normal_975() }} * relative_error as relative_lower,
        relative_index + {{ normal_975() }} * relative_error as relative_upper,
        case when groups = 5 then gap end as whole_gap,
        case when groups = 5 then gap - {{ normal_975() }} * gap_error end as gap_lower,
        case when groups = 5 then gap + {{ normal_975() }} * gap_error end as gap_upper,
        case when groups = 5 then ratio end as whole_ratio,
        case when groups = 5 then ratio * exp(-{{ normal_975() }} * log_error) end as ratio_lower,
        case when groups = 5 then ratio * exp({{ normal_975() }} * log_error) end as ratio_upper
    from erring
),

told as (
    select
        limits.*,
        case when slope_index is null then 'x' end as symbol,
        case
            when slope_lower is null or quality_flag is not null then 'cannot_compare'
            when slope_lower <= 0 and slope_upper >= 0 then 'similar'
            else {{ difference_word('slope_index', 'polarity') }}
        end as comparison
    from limits
)

select
    cast(indicator_id as varchar) as indicator_id,
    cast(instrument as varchar) as instrument,
    cast(wave as varchar) as wave,
    cast(geography_level as varchar) as geography_level,
    cast(geography_code as varchar) as geography_code,
    cast(geography_name as varchar) as geography_name,
    cast(tranche as varchar) as tranche,
    cast(collected as varchar) as collected,
    cast(group_by as varchar) as group_by,
    cast(base as integer) as base,
    cast(average as double) as average,
    cast(slope_index as double) as slope_index,
    cast(slope_error as double) as slope_error,
    cast(slope_lower as double) as slope_lower,
    cast(slope_upper as double) as slope_upper,
    cast(relative_index as double) as relative_index,
    cast(relative_lower as double) as relative_lower,
    cast(relative_upper as double) as relative_upper,
    cast(whole_gap as double) as gap,
    cast(gap_lower as double) as gap_lower,
    cast(gap_upper as double) as gap_upper,
    cast(whole_ratio as double) as ratio,
    cast(ratio_lower as double) as ratio_lower,
    cast(ratio_upper as double) as ratio_upper,
    cast(comparison as varchar) as comparison,
    cast(quality_flag as varchar) as quality_flag,
    cast(symbol as varchar) as symbol,
    cast(null as varchar) as release_version
from told
order by instrument, indicator_id, wave, geography_level, geography_code
