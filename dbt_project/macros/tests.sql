{#- Data tests in one scan a table, however many columns they look at. Each returns the rows that break it. -#}

{% macro column_list(columns) -%}
    {%- for column in columns -%} {{ adapter.quote(column) }}{{ ', ' if not loop.last }} {%- endfor -%}
{%- endmacro %}


{% test unique_rows(model, columns) %}
select {{ column_list(columns) }}
from {{ model }}
group by {{ column_list(columns) }}
having count(*) > 1
{% endtest %}


{% test always_filled(model, columns) %}
select {{ column_list(columns) }}
from {{ model }}
where
    {% for column in columns -%}
    {{ adapter.quote(column) }} is null{{ ' or ' if not loop.last }}
    {%- endfor %}
{% endtest %}


{#- Not as `not in (...)`: DuckDB plans a join for every list of five or more. -#}
{% test answers_within_codes(model, codes) %}
select {{ column_list(codes.keys()) }}
from {{ model }}
where
    {% for column, accepted in codes.items() -%}
    ({% for code in accepted -%}
        {{ adapter.quote(column) }} <> {{ "'" ~ code | replace("'", "''") ~ "'" if code is string else code }}{{ ' and ' if not loop.last }}
    {%- endfor %}){{ ' or ' if not loop.last }}
    {% endfor %}
{% endtest %}


{% test within_range(model, ranges) %}
select {{ column_list(ranges.keys()) }}
from {{ model }}
where
    {% for column, range in ranges.items() -%}
    {{ adapter.quote(column) }} < {{ range[0] if range[0] is not none else adapter.quote(column) }}
    or {{ adapter.quote(column) }} > {{ range[1] if range[1] is not none else adapter.quote(column) }}{{ ' or ' if not loop.last }}
    {% endfor %}
{% endtest %}


{% test interval_contains_estimate(model) %}
select *
from {{ model }}
where estimate not between lower - 1e-9 and upper + 1e-9 or standard_error < 0
{% endtest %}


{#- A difference is one only where the comparator lies outside the interval; without a comparator, or with a caution about
the estimate, nothing can be compared. -#}
{% test comparison_follows_interval(model) %}
select *
from {{ model }}
where
    comparison is null
    or (comparison = 'cannot_compare')
    <> (comparator is null or lower is null or upper is null or quality_flag is not null)
    or (comparison <> 'cannot_compare' and (comparator between lower and upper) <> (comparison = 'similar'))
    or (estimate > comparator and comparison = 'lower')
    or (estimate < comparator and comparison = 'higher')
{% endtest %}


{% test bases_in_order(model) %}
select *
from {{ model }}
where numerator > base or effective_base > base + 1e-6 or base < 1
{% endtest %}


{#- Beyond these totals a double loses its last bits, and the sums would depend on the order of the rows. -#}
{% test sums_are_exact(model) %}
select
    sum(all_weights) as all_weights,
    sum(all_weights_squared) as all_weights_squared
from {{ model }}
where group_by = 'all'
having sum(all_weights) >= {{ 2 ** 27 }} or sum(all_weights_squared) >= {{ 2 ** 23 }}
{% endtest %}


{#- Cell by cell, and, by the roll itself, collection by collection. A weight is rounded by half of 2^-26 at most. -#}
{% test weights_add_up_to_the_roll(model, weights, cells, roll, count, in_survey) %}
with achieved as (
    select
        weights.collection,
        weights.cell,
        max(weights.cell_roll) as aimed,
        count(*) as respondents,
        sum(pupils.design_weight) as weighted
    from {{ model }} as pupils
    inner join {{ weights }} as weights
        on
            pupils.collection = weights.collection
            {% for key in cells -%}
            and pupils.{{ adapter.quote(key) }} is not distinct from weights.{{ adapter.quote(key) }}
            {% endfor %}
    where weights.cell_roll > 0
    group by weights.collection, weights.cell
),

collections as (
    select
        collection,
        sum(respondents) as respondents,
        sum(weighted) as weighted
    from achieved
    group by collection
),

rolls as (
    select
        collection,
        sum({{ adapter.quote(count) }}) as aimed
    from {{ roll }}
    where {{ in_survey }}
    group by collection
)

select collection, cell, aimed, weighted
from achieved
where not coalesce(abs(weighted - aimed) <= respondents / {{ 2 ** weight_places() }}.0, false)
union all
select collections.collection, 'all' as cell, rolls.aimed, collections.weighted
from collections
left join rolls on collections.collection = rolls.collection
where not coalesce(abs(collections.weighted - rolls.aimed) <= collections.respondents / {{ 2 ** weight_places() }}.0, false)
{% endtest %}


{#- Where a collection was surveyed and nobody is on its roll, each pupil counts once. -#}
{% test has_a_roll(model) %}
select distinct collection
from {{ model }}
where reason = 'no_roll'
{% endtest %}
