{#- How many of each school answered, and how many count: one row a share, as the relation `name`.

relation      the model of sums
groups        the groups of pupils to count
shares        indicators that are 0, 1 or NULL -#}
{% macro counts_of_schools(name, relation, groups, shares) %}
wide_{{ name }} as (
    select
        wave,
        school,
        group_by,
        group_value,
        max(max(tranche)) over (partition by wave, school) as tranche,
        max(max(cpp_code)) over (partition by wave, school) as cpp_code,
        {{ collected_from_to() }} as collected,
        {%- for item in shares %}
        {{- final_sums(item, shares, ['n', 'x']) }}
        {%- endfor %}
        count(*) as units
    from {{ relation }}
    where
        group_by in ('{{ groups | join("', '") }}')
        and school is not null
    group by wave, school, group_by, group_value
),

{% set answers = {} -%}
{%- for item in shares -%}
    {%- do answers.update({item: {
        'base': 'cast(' ~ item ~ '__n as bigint)', 'numerator': 'cast(' ~ item ~ '__x as bigint)',
    }}) -%}
{%- endfor -%}
{{ one_row_an_answer(name, 'wide_' ~ name, 'wave, school, group_by, group_value, tranche, cpp_code, collected', answers) }}
{%- endmacro %}


{#- The school years of what is added up, from the first to the last. -#}
{% macro collected_from_to() -%}
case when min(collected) = max(collected) then min(collected) else min(collected) || ' to ' || max(collected) end
{%- endmacro %}
