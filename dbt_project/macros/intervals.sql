{#- Standard errors, effective bases and 95 % intervals from totals and variances.

reliability        below which `minimum_effective_base` and `minimum_degrees_of_freedom` an estimate is flagged `u`; in how many
                   schools a group has to be for an error of its own (`schools_for_error`, 0: in any), and how many pupils of its base
                   that has to be worth (`pupils_for_error`), else the programme's design effect stands in;
                   `schools_told`: whether the number of schools is asked for
finite_population  `none`, or `standard`: standard errors times sqrt((N - n) / (N - 1)), N the weighted base, n the base
alone              levels that lie within one cluster: the pupils are their units, and degrees of freedom say nothing

Proportions get logit limits with t, means t limits; 0 %, 100 % and whatever has no variance between clusters get
Wilson's limits on the effective base. Where fewer than two degrees of freedom are left the pupils are the units. -#}
{% macro intervals(relation, instrument, reliability, finite_population, alone) %}
{%- set finite = finite_population == 'standard' -%}
{%- set with_schools = reliability.schools_for_error or reliability.schools_told -%}
{%- set unit_is_pupil = "geography_level in ('" ~ alone | join("', '") ~ "')" -%}
, ratios as (
    select
        *,
        {% if finite -%}
        -- Weights that do not add up to a population of at least the base correct nothing.
        case
            when weighted_base >= base and weighted_base > 1
                then sqrt((weighted_base - base) / nullif(weighted_base - 1, 0))
            else 1.0
        end as finite_factor,
        {% endif -%}
        weighted_sum / nullif(weighted_base, 0) as ratio,
        degrees_of_freedom >= 2 as by_cluster,
        -- Below this it is the noise of the last bit.
        case when variance < 1e-20 then 0.0 else variance end as cluster_variance,
        weighted_base * weighted_base / nullif(squared_weights, 0) as kish_base
    from {{ relation }}
),

simple as (
    select
        *,
        case
            when is_mean then greatest(weighted_squares / nullif(weighted_base, 0) - ratio * ratio, 0.0)
            else ratio * (1 - ratio)
        end as pupil_variance{{ ',' if with_schools }}
        {{ 'case when not is_mean then sqrt(cluster_variance) * base end as schools_apart' if with_schools }}
    from ratios
),

{% if reliability.schools_for_error -%}
-- What few schools differ by says what each of them answered, and so does that they hardly differ: there the design effect is
-- that of the same group in the whole programme, and where that has none the pupils are the units.
few as (
    select
        *,
        geography_level not in ('school', 'learning_community') and (
            schools < {{ reliability.schools_for_error }}
            or (pupil_variance > 0 and coalesce(schools_apart < {{ reliability.pupils_for_error }}, false))
        ) as is_few
    from simple
),

lenders as (
    select
        indicator_id,
        wave,
        group_by,
        group_value,
        degrees_of_freedom as lent_degrees,
        cluster_variance * base / pupil_variance as lent_effect
    from few
    where
        geography_level = 'programme' and not is_few and by_cluster and cluster_variance > 0 and pupil_variance > 0
),

lent as (
    select
        few.* replace (
            case when few.is_few then coalesce(lenders.lent_degrees, 0) else few.degrees_of_freedom end as degrees_of_freedom,
            case when few.is_few then lenders.lent_effect is not null else few.by_cluster end as by_cluster,
            case
                when few.is_few then coalesce(lenders.lent_effect * few.pupil_variance / few.base, 0.0)
                else few.cluster_variance
            end as cluster_variance
        )
    from few
    left join lenders
        on
            few.indicator_id = lenders.indicator_id
            and few.wave = lenders.wave
            and few.group_by = lenders.group_by
            and few.group_value = lenders.group_value
),

{% endif -%}
effective as (
    select
        *,
        by_cluster and cluster_variance > 0 and pupil_variance > 0 as has_design_effect
    from {{ 'lent' if reliability.schools_for_error else 'simple' }}
),

based as (
    select
        *,
        case
            when has_design_effect then least(base, pupil_variance / nullif(cluster_variance, 0))
            else least(base, kish_base)
        end as effective_base,
        case
            when has_design_effect then cluster_variance * base / nullif(pupil_variance, 0)
            else base / nullif(kish_base, 0)
        end as design_effect,
        case
            when by_cluster then sqrt(cluster_variance)
            when is_mean then sqrt(pupil_variance * base / nullif(base - 1, 0) / nullif(kish_base, 0))
            else sqrt(pupil_variance / nullif(kish_base, 0))
        end as unit_error,
        case
            when not by_cluster and base < 2 then cast(null as double)
            -- Shares without variance between clusters have no use for it.
            when not is_mean and not has_design_effect then cast(null as double)
            else {{ t_quantile('case when by_cluster then degrees_of_freedom else base - 1 end') }}
        end as t
    from effective
),

{% set half_width = 't * unit_error' ~ (' * finite_factor' if finite else '') -%}
{%- set interval_base = '(effective_base / (finite_factor * finite_factor))' if finite else 'effective_base' -%}
limited as (
    select
        *,
        -- With pupils as the units the variance between clusters, where there is one, is still the standard error.
        case when cluster_variance > 0 then sqrt(cluster_variance) else unit_error end{{ ' * finite_factor' if finite }} as standard_error,
        case
            when is_mean then ratio - {{ half_width }}
            {% if finite -%} when finite_factor = 0 then ratio {% endif -%}
            when has_design_effect then {{ logit_limit('-', half_width) }}
            -- At 100 % (0 %) the last bit may fall short of the estimate itself.
            else least(greatest({{ wilson_limit('-', interval_base) }}, 0.0), ratio)
        end as lower_limit,
        case
            when is_mean then ratio + {{ half_width }}
            {% if finite -%} when finite_factor = 0 then ratio {% endif -%}
            when has_design_effect then {{ logit_limit('+', half_width) }}
            else greatest(least({{ wilson_limit('+', interval_base) }}, 1.0), ratio)
        end as upper_limit
    from based
)

select
    indicator_id,
    '{{ instrument }}' as instrument,
    wave,
    geography_level,
    geography_code,
    tranche,
    group_by,
    group_value,
    collected,
    ratio / part as estimate,
    standard_error / part as standard_error,
    lower_limit / part as lower_limit,
    upper_limit / part as upper_limit,
    base,
    weighted_base,
    numerator,
    effective_base,
    design_effect,
    degrees_of_freedom,
    case
        {% if reliability.schools_for_error -%} when by_cluster and is_few then 'lent' {%- endif %}
        when by_cluster then 'cluster'
        else 'pupil'
    end as variance_method,
    case
        when effective_base < {{ reliability.minimum_effective_base }} then 'u'
        when degrees_of_freedom < {{ reliability.minimum_degrees_of_freedom }}{{ ' and not ' ~ unit_is_pupil if alone }} then 'u'
    end as quality_flag,
    '{{ finite_population }}' as finite_population,
    {{ 'schools, schools_apart,' if with_schools }}
    rival / part as comparator
from limited
{% endmacro %}


{#- logit(p) -/+ t se / (p (1 - p)), back on the scale of p. Only where the clusters are the units. -#}
{% macro logit_limit(sign, half_width) -%}
    1 / nullif(1 + exp(-(ln(ratio / nullif(1 - ratio, 0)) {{ sign }} {{ half_width }} / nullif(ratio * (1 - ratio), 0))), 0)
{%- endmacro %}


{% macro wilson_limit(sign, base) -%}
    {%- set z = '1.959963984540054' -%}
    (2 * {{ base }} * ratio + {{ z }} * {{ z }} {{ sign }} {{ z }} * sqrt({{ z }} * {{ z }} + 4 * {{ base }} * ratio * (1 - ratio)))
    / nullif(2 * ({{ base }} + {{ z }} * {{ z }}), 0)
{%- endmacro %}


{#- The 97.5 % point of t: from the list, and beyond it from the normal point by Cornish and Fisher's expansion. -#}
{% macro t_quantile(df) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set terms = [
        (z ** 3 + z) / 4,
        (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
        (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
        (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
    ] -%}
    coalesce({{ t_quantiles() }}[cast({{ df }} as bigint)], {{ z }}e0
    {%- for term in terms %} + {{ term }} / nullif(power(cast({{ df }} as double), {{ loop.index }}), 0) {%- endfor %})
{%- endmacro %}
