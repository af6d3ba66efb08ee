{#- Estimates of one instrument from its sums: totals and variances wide, then one row an estimate.

relation      the model of sums
levels        list of {name, code, groups, spread, told}: a level of geography, the expression of its code, the groups
              tabulated there, whether clusters can be the units of variance (they cannot within one school), and whether
              its estimates are made: one that is not told is there for others to be compared with
shares        indicators that are 0, 1 or NULL
means         indicators that are whole parts of a score: list of {id, unit, parts}: `parts` of a point, and a power of two
              above every score
reliability, finite_population   as `intervals` takes them
whole_clusters   whether a unit of the sums is a whole cluster: no cluster is then in several rows of one group -#}
{% macro estimates(relation, instrument, levels, shares, means, reliability, finite_population='none', whole_clusters=false) %}
{%- set mean_ids = means | map(attribute='id') | list -%}
{%- set units = {} -%}
{%- set parts = {} -%}
{%- for item in means -%} {%- do units.update({item.id: item.unit}) -%} {%- do parts.update({item.id: item.parts}) -%} {%- endfor -%}
{%- set items = shares + mean_ids -%}
{%- set key = 'geography_level, geography_code, wave, group_by, group_value' -%}
{%- set told = levels | selectattr('told') | list -%}
{%- set with_schools = reliability.schools_for_error or reliability.schools_told -%}
{%- set told_names = told | map(attribute='name') | list -%}
with
-- The full design: a cluster counts in its stratum even where it has nobody in the group.
full_design as (
    select
        collection,
        stratum,
        count(distinct cluster) as stratum_clusters
    from {{ relation }}
    where group_by = 'all'
    group by collection, stratum
),

-- Units may be finer than clusters and schools (a school in two communities). Where none is, nothing is left to add up.
{% set added_up = {
    'clusters': ['collection', 'stratum', 'cluster', 'group_by', 'group_value'],
    'school': ['wave', 'school', 'group_by', 'group_value'],
} -%}
{% for name, columns in added_up.items() if not (whole_clusters and name == 'clusters') and (name == 'clusters' or 'school' in told_names) -%}
several_{{ name }} as (
    {{ more_than_one(relation, columns) }}
),

{% endfor -%}
totals as (
    {% for level in levels -%}
    {%- for several in ([false, true] if level.name == 'school' else [true]) -%}
    select
        '{{ level.name }}' as geography_level,
        {{ level.code }} as geography_code,
        wave,
        group_by,
        group_value,
        {% if several -%}
        {{ 'max(tranche)' if level.name != 'programme' else 'cast(null as varchar)' }} as tranche,
        {{ 'max(cpp_code)' if level.name in ['school', 'learning_community', 'cpp'] else 'cast(null as varchar)' }} as cpp_code,
        {{ collected_from_to() }} as collected,
        {%- else -%}
        tranche,
        cpp_code,
        collected,
        {%- endif -%}
        {%- for item in items %}
        {{- final_sums(item, shares, ['n', 'x' if item in shares else 'wyy', 'w', 'wy', 'ww'], added=several) }}
        {%- endfor %}
        {{ 'count(*)' if several else '1' }} as units
    from {{ relation }} as sums
    {{ beside('sums', 'several_school', added_up.school) if level.name == 'school' }}
    where
        group_by in ('{{ level.groups | join("', '") }}')
        and {{ level.code }} is not null
        {% if level.name == 'school' -%}
        and several_school.rows_listed is {{ 'not null' if several else 'null' }}
        {% endif -%}
    {{ 'group by 1, 2, 3, 4, 5' if several }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

-- Where clusters can be the units of no level there is none to look at.
{% set spreading = (told | selectattr('spread') | list) or told[:1] -%}
clusters as (
    {% for level in spreading -%}
    {%- for several in ([false] if whole_clusters else [false, true]) -%}
    select
        '{{ level.name }}' as geography_level,
        {{ level.code }} as geography_code,
        wave,
        group_by,
        group_value,
        collection,
        stratum,
        cluster,
        {%- for item in items %}
        {{- final_sums(item, shares, ['w', 'wy'], added=several) }}
        {%- endfor %}
        {{ 'count(*)' if several else '1' }} as units
    from {{ relation }} as sums
    {{ beside('sums', 'several_clusters', added_up.clusters) if not whole_clusters }}
    where
        group_by in ('{{ level.groups | join("', '") }}')
        and {{ level.code }} is not null
        {{ 'and false' if not level.spread }}
        {{ 'and several_clusters.rows_listed is ' ~ ('not null' if several else 'null') if not whole_clusters }}
    {{ 'group by 1, 2, 3, 4, 5, 6, 7, 8' if several }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

-- Divided once a place, and not once a school of it.
ratios_of_places as (
    select
        {{ key }},
        {% for item in items -%}
        {{ item }}__wy / nullif({{ item }}__w, 0) as {{ item }}__p,
        nullif({{ item }}__w{{ ' * ' ~ units[item] if item in units }}, 0) as {{ item }}__d{{ ',' if not loop.last }}
        {% endfor -%}
    from totals
),

deviations as (
    select
        {% for column in key.split(', ') -%} clusters.{{ column }}, {% endfor %}
        clusters.collection,
        clusters.stratum,
        {% for item in items -%}
        (clusters.{{ item }}__wy - places.{{ item }}__p * clusters.{{ item }}__w) / places.{{ item }}__d as {{ item }}__z{{ ',' if not loop.last }}
        {% endfor -%}
    from clusters
    inner join ratios_of_places as places
        on {% for column in key.split(', ') -%} clusters.{{ column }} = places.{{ column }}{{ ' and ' if not loop.last }} {%- endfor %}
),

strata as (
    select
        {% for column in key.split(', ') -%} deviations.{{ column }}, {% endfor %}
        deviations.stratum,
        full_design.stratum_clusters,
        {% for item in items -%}
        count({{ item }}__z) as {{ item }}__c,
        {{ exact_sum(item ~ '__z') }} as {{ item }}__s,
        {{ exact_sum(item ~ '__z * ' ~ item ~ '__z') }} as {{ item }}__q{{ ',' if not loop.last }}
        {% endfor -%}
    from deviations
    inner join full_design
        on deviations.collection = full_design.collection and deviations.stratum = full_design.stratum
    group by {% for column in key.split(', ') -%} deviations.{{ column }}, {% endfor %} deviations.collection, deviations.stratum, full_design.stratum_clusters
),

-- Squares about the mean of the stratum's clusters, those with nobody counted as zero; a stratum of one cluster is
-- centred on the grand mean, which is zero.
squares as (
    select
        {{ key }},
        {% for item in items -%}
        {{ item }}__c,
        case when {{ item }}__c > 0 then 1 else 0 end as {{ item }}__h,
        {{ squares_about_the_mean(item) }} as {{ item }}__v{{ ',' if not loop.last }}
        {% endfor -%}
    from strata
),

-- Most places lie in one stratum, and nothing is left to add up: a quarter of the time of this model.
several_strata as (
    {{ more_than_one('strata', key.split(', ')) }}
),

spread as (
    select squares.*
    from squares
    {{ beside('squares', 'several_strata', key.split(', ')) }}
    where several_strata.rows_listed is null
    union all
    select
        {{ key }},
        {% for item in items -%}
        sum({{ item }}__c) as {{ item }}__c,
        sum({{ item }}__h) as {{ item }}__h,
        {{ exact_sum(item ~ '__v') }} as {{ item }}__v{{ ',' if not loop.last }}
        {% endfor -%}
    from squares
    {{ beside('squares', 'several_strata', key.split(', ')) }}
    where several_strata.rows_listed is not null
    group by {{ key }}
),

-- The others of a CPP are all CPPs of its wave but itself (the totals are exact, so taking one away is too); a school
-- or community is compared with its CPP.
{% set within_cpp = told_names | select('in', ['school', 'learning_community']) | list -%}
{%- if told_names != within_cpp -%}
every_cpp as (
    select
        wave,
        group_by,
        group_value,
        {% for item in items -%}
        sum({{ item }}__w) as {{ item }}__w,
        sum({{ item }}__wy) as {{ item }}__wy{{ ',' if not loop.last }}
        {% endfor -%}
    from totals
    where geography_level = 'cpp'
    group by wave, group_by, group_value
),

{% endif -%}
rivals as (
    {% if told_names != within_cpp -%}
    select
        {% for column in key.split(', ') -%} totals.{{ column }}, {% endfor %}
        {% for item in items -%}
        (every_cpp.{{ item }}__wy - totals.{{ item }}__wy)
        / nullif(every_cpp.{{ item }}__w - totals.{{ item }}__w, 0) as {{ item }}__r{{ ',' if not loop.last }}
        {% endfor -%}
    from totals
    inner join every_cpp
        on
            totals.wave = every_cpp.wave
            and totals.group_by = every_cpp.group_by
            and totals.group_value = every_cpp.group_value
    where totals.geography_level = 'cpp'
    {{ 'union all' if within_cpp }}
    {% endif -%}
    {% if within_cpp -%}
    select
        {% for column in key.split(', ') -%} totals.{{ column }}, {% endfor %}
        {% for item in items -%}
        parents.{{ item }}__wy / nullif(parents.{{ item }}__w, 0) as {{ item }}__r{{ ',' if not loop.last }}
        {% endfor -%}
    from totals
    inner join totals as parents
        on
            totals.cpp_code = parents.geography_code
            and totals.wave = parents.wave
            and totals.group_by = parents.group_by
            and totals.group_value = parents.group_value
    where totals.geography_level in ('school', 'learning_community') and parents.geography_level = 'cpp'
    {%- endif %}
),

placed as (
    select
        totals.*,
        {% for item in items -%}
        spread.{{ item }}__c, spread.{{ item }}__h, spread.{{ item }}__v, rivals.{{ item }}__r{{ ',' if not loop.last }}
        {% endfor -%}
    from totals
    left join spread
        on {% for column in key.split(', ') -%} totals.{{ column }} = spread.{{ column }}{{ ' and ' if not loop.last }} {%- endfor %}
    left join rivals
        on {% for column in key.split(', ') -%} totals.{{ column }} = rivals.{{ column }}{{ ' and ' if not loop.last }} {%- endfor %}
    {% for level in levels | rejectattr('told') -%}
    {{ 'where' if loop.first else 'and' }} totals.geography_level <> '{{ level.name }}'
    {% endfor -%}
),

{% set ids = key ~ ', tranche, collected' -%}
{%- set of_shares = {} -%}
{%- set of_means = {} -%}
{%- for item in items -%}
    {%- set answer = {
        'base': 'cast(' ~ item ~ '__n as bigint)',
        'weighted_base': item ~ '__w',
        'weighted_sum': item ~ '__wy',
        'squared_weights': item ~ '__ww',
        'degrees_of_freedom': 'coalesce(' ~ item ~ '__c - ' ~ item ~ '__h, 0)',
        'variance': item ~ '__v' ~ (' * ' ~ units[item] ~ '.0 * ' ~ units[item] if item in units else ''),
        'rival': item ~ '__r',
    } -%}
    {%- if with_schools -%} {%- do answer.update({'schools': 'coalesce(' ~ item ~ '__c, 0)'}) -%} {%- endif -%}
    {%- if item in mean_ids -%}
        {%- do answer.update({'weighted_squares': item ~ '__wyy', 'part': parts[item] ~ 'e0'}) -%}
        {%- do of_means.update({item: answer}) -%}
    {%- else -%}
        {%- do answer.update({'numerator': 'cast(' ~ item ~ '__x as bigint)'}) -%}
        {%- do of_shares.update({item: answer}) -%}
    {%- endif -%}
{%- endfor -%}
{%- set kinds = [] -%}
{%- if of_shares -%}
    {%- do kinds.append('shares') -%}
    {{ one_row_an_answer('shares', 'placed', ids, of_shares) }}
{%- endif -%}
{%- if of_means -%}
    {{ ',' if kinds }}
    {%- do kinds.append('means') -%}
    {{ one_row_an_answer('means', 'placed', ids, of_means) }}
{%- endif %},

long as (
    {% for kind in kinds -%}
    select
        indicator_id,
        {{ ids }},
        base,
        {{ 'numerator' if kind == 'shares' else 'cast(null as bigint) as numerator' }},
        weighted_base,
        weighted_sum,
        {{ 'weighted_squares' if kind == 'means' else 'weighted_sum as weighted_squares' }},
        squared_weights,
        degrees_of_freedom,
        {{ 'schools,' if with_schools }}
        variance,
        rival,
        {{ 'part' if kind == 'means' else '1e0 as part' }},
        {{ kind == 'means' }} as is_mean
    from {{ kind }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
)
{{ intervals('long', instrument, reliability, finite_population, told | rejectattr('spread') | map(attribute='name') | list) }}
{% endmacro %}


{#- Which values of the columns more than one row has; the names say that they are listed, so that a join leaves none ambiguous. -#}
{% macro more_than_one(relation, columns) -%}
select
        {% for column in columns -%} {{ column }} as listed_{{ column }}, {% endfor %}
        count(*) as rows_listed
    from {{ relation }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{%- endmacro %}


{#- `rows_listed` is NULL where `listed`, made by `more_than_one`, has no such row. A join, since the rows are wide and the list is
short or empty: `exists` would hand the wide rows on twice. -#}
{% macro beside(relation, listed, columns) -%}
left join {{ listed }}
        on {% for column in columns -%} {{ relation }}.{{ column }} is not distinct from {{ listed }}.listed_{{ column }}{{ ' and ' if not loop.last }} {%- endfor %}
{%- endmacro %}


{% macro squares_about_the_mean(item) -%}
case
            when stratum_clusters > 1
                then stratum_clusters / (stratum_clusters - 1.0) * ({{ item }}__q - {{ item }}__s * {{ item }}__s / stratum_clusters)
            else {{ item }}__q
        end
{%- endmacro %}


{#- Wide to long, as the relation `name`: `ids` of every row, and of each indicator the columns {name: expression}. -#}
{% macro one_row_an_answer(name, relation, ids, answers) -%}
    {{ return(adapter.dispatch('one_row_an_answer', 'rcs')(name, relation, ids, answers)) }}
{%- endmacro %}

{% macro default__one_row_an_answer(name, relation, ids, answers) -%}
{{ name }} as (
    {% for item, columns in answers.items() -%}
    select
        '{{ item }}' as indicator_id,
        {{ ids }},
        {% for name, expression in columns.items() -%}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ relation }}
    where {{ columns.base }} > 0
    {{ 'union all' if not loop.last }}
    {% endfor -%}
)
{%- endmacro %}

{#- A branch an indicator would read the wide relation whole, every time: half of the seconds of this model. -#}
{% macro duckdb__one_row_an_answer(name, relation, ids, answers) -%}
listed_{{ name }} as (
    select
        {{ ids }},
        unnest([
            {% for item, columns in answers.items() -%}
            { 'indicator_id': '{{ item }}'
            {%- for name, expression in columns.items() -%} , '{{ name }}': {{ expression }} {%- endfor %} }
            {{- ',' if not loop.last }}
            {% endfor -%}
        ]) as answer
    from {{ relation }}
),

{{ name }} as (
    select
        {{ ids }},
        unnest(answer)
    from listed_{{ name }}
    where answer.base > 0
)
{%- endmacro %}
