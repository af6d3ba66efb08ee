{#- One scan over the pupils: for each unit (school) and group the sums that every estimate and its variance follow from.

relation      one row a pupil, with `<indicator>__y` and `design_weight`
units         list of {alias, column}: what a unit is
groups        list of {name, parts: list of {column, value}}: `column` is grouped by, `value` turns it into text
shares        indicators that are 0, 1 or NULL
means         indicators that are whole parts of a score

Cluster by cluster, so that the sums of one school stay in the processor's cache: a third of the time less, sorting included.
The pupils are first added up to cells, and the grouping sets run over those. With few group columns a cell is of all of them:
half the time. With many there would be as many cells as pupils, and they are the groups that no other holds: `sex+stage`, and
not `sex`, which follows from it: a fifth of the time less. -#}
{% macro sums(relation, units, groups, shares, means) %}
{%- set unit_columns = units | map(attribute='column') | unique | list -%}
{%- set group_columns = [] -%}
{%- for group in groups -%}
    {%- for part in group.parts -%}
        {%- if part.column not in group_columns -%} {%- do group_columns.append(part.column) -%} {%- endif -%}
    {%- endfor -%}
{%- endfor -%}
{%- set cells = cells_of(groups, group_columns) -%}
{%- set steps = steps_of(groups, cells) -%}
with weighted as (
    select
        *,
        {{ dyadic('design_weight * design_weight', 30) }} as design_weight_squared
    from {{ relation }}
    where design_weight > 0
    order by design_cluster
),

cells as (
    select
        {{ (unit_columns + group_columns) | join(', ') }},
        {% if cells | length > 1 -%}
        case
            {% for cell in cells -%}
            when {{ grouped_by(cell, group_columns) }} then {{ loop.index }}
            {% endfor -%}
        end as cell_of,
        {% endif -%}
        {{ pupil_sums(shares, means) }}
    from weighted
    group by
    {% if cells | length > 1 -%}
    grouping sets (
        {%- for cell in cells %}
        ({{ (unit_columns + cell) | join(', ') }}){{ ',' if not loop.last }}
        {%- endfor %}
    )
    {%- else -%}
    {{ (unit_columns + group_columns) | join(', ') }}
    {%- endif %}
),

grouped as (
    {% for step in steps -%}
    select
        {% for unit in units -%} {{ unit.column }} as unit_{{ unit.alias }}, {% endfor %}
        {% if step.whole -%}
        '{{ step.groups[0].name }}' as group_by,
        {{ group_value(step.groups[0]) }} as group_value,
        {% for item in shares + means -%}
        {{ sum_names(item, shares) | join(', ') }},
        {% endfor -%}
        all_weights,
        all_weights_squared
        {% else -%}
        case
            {% for group in step.groups -%}
            when {{ grouped_by(group.parts | map(attribute='column') | list, step.columns) }} then '{{ group.name }}'
            {% endfor -%}
        end as group_by,
        case
            {% for group in step.groups -%}
            when {{ grouped_by(group.parts | map(attribute='column') | list, step.columns) }} then {{ group_value(group) }}
            {% endfor -%}
        end as group_value,
        {{ cell_sums(shares, means) }}
        {% endif -%}
    from cells
    {{ 'where cell_of = ' ~ step.number if cells | length > 1 }}
    {% if not step.whole -%}
    group by grouping sets (
        {%- for group in step.groups %}
        ({{ (unit_columns + group.parts | map(attribute='column') | list) | join(', ') }}){{ ',' if not loop.last }}
        {%- endfor %}
    )
    {% endif -%}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
)

select
    registered.wave,
    registered.tranche,
    registered.collected,
    {% if units | selectattr('alias', 'equalto', 'cpp') | list -%}
    coalesce(registered.cpp_code, cast(grouped.unit_cpp as varchar)) as cpp_code,
    {% else -%}
    registered.cpp_code,
    {% endif -%}
    grouped.unit_collection as collection,
    {% for alias in ['stratum', 'cluster', 'school', 'community'] -%}
    {% if units | selectattr('alias', 'equalto', alias) | list -%}
    cast(grouped.unit_{{ alias }} as varchar) as {{ alias }},
    {% else -%}
    cast(null as varchar) as {{ alias }},
    {% endif -%}
    {% endfor -%}
    grouped.group_by,
    grouped.group_value,
    {% for item in shares + means -%}
    {% for column in sum_names(item, shares) -%}
    grouped.{{ column }},
    {% endfor -%}
    {% endfor -%}
    grouped.all_weights,
    grouped.all_weights_squared
from grouped
left join {{ ref('registered_collections') }} as registered
    on grouped.unit_collection = registered.collection
-- Pupils whose group is not known stand in no group.
where grouped.group_value is not null
{% endmacro %}


{#- The columns of the cells that pupils are added up to: every group is one of them, or follows from one. -#}
{% macro cells_of(groups, group_columns) -%}
    {%- if group_columns | length <= 4 -%} {{ return([group_columns]) }} {%- endif -%}
    {%- set cells = [] -%}
    {%- for group in groups -%}
        {%- set own = group.parts | map(attribute='column') | list -%}
        {%- set holders = [] -%}
        {%- for other in groups if other.parts | length > own | length -%}
            {%- set held = other.parts | map(attribute='column') | list -%}
            {%- if not own | reject('in', held) | list -%} {%- do holders.append(other.name) -%} {%- endif -%}
        {%- endfor -%}
        {%- if not holders -%} {%- do cells.append(own) -%} {%- endif -%}
    {%- endfor -%}
    {{ return(cells) }}
{%- endmacro %}


{#- Which groups are read from which cells: `whole` where the cells are the group, else what is added up in one step. -#}
{% macro steps_of(groups, cells) -%}
    {%- set steps = [] -%}
    {%- set placed = [] -%}
    {%- for cell in cells -%}
        {%- set number = loop.index -%}
        {%- set above = [] -%}
        {%- for group in groups if group.name not in placed -%}
            {%- set own = group.parts | map(attribute='column') | list -%}
            {%- if not own | reject('in', cell) | list -%}
                {%- do placed.append(group.name) -%}
                {%- if own | length == cell | length -%}
                    {%- do steps.append({'number': number, 'columns': cell, 'whole': true, 'groups': [group]}) -%}
                {%- else -%}
                    {%- do above.append(group) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if above -%}
            {%- set columns = above | map(attribute='parts') | sum(start=[]) | map(attribute='column') | unique | list -%}
            {%- do steps.append({'number': number, 'columns': columns, 'whole': false, 'groups': above}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(steps) }}
{%- endmacro %}


{#- Whether a row is of the group of these columns, of all that are grouped by. -#}
{% macro grouped_by(own, group_columns) -%}
    {%- for column in group_columns -%}
        grouping({{ column }}) = {{ 0 if column in own else 1 }}{{ ' and ' if not loop.last }}
    {%- else -%}
        true
    {%- endfor -%}
{%- endmacro %}


{% macro group_value(group) -%}
    {{ group.parts | map(attribute='value') | join(" || '+' || ") if group.parts else "'all'" }}
{%- endmacro %}


{% macro pupil_sums(shares, means) -%}
    {%- for item in shares %}
        {%- set y = item ~ '__y' %}
        sum({{ y }} * {{ count_unit() }}e0 + 1) as {{ item }}__nx,
        sum({{ y }} * design_weight) as {{ item }}__wy,
        {{- weight_sums(item) }}
    {%- endfor %}
    {%- for item in means %}
        {%- set y = item ~ '__y' %}
        {%- set weighted = 'cast(round(design_weight * ' ~ mean_unit() ~ ') as ' ~ wide_integer() ~ ')' %}
        sum(case when {{ y }} is not null then cast(1 as double) end) as {{ item }}__n,
        sum({{ weighted }} * (cast({{ y }} as bigint) * {{ y }})) as {{ item }}__wyy,
        sum({{ weighted }} * {{ y }}) as {{ item }}__wy,
        {{- weight_sums(item) }}
    {%- endfor %}
        sum(design_weight) as all_weights,
        sum(design_weight_squared) as all_weights_squared
{%- endmacro %}


{% macro weight_sums(item) %}
        sum(case when {{ item }}__y is not null then design_weight end) as {{ item }}__w,
        sum(case when {{ item }}__y is not null then design_weight_squared end) as {{ item }}__ww,
{%- endmacro %}


{#- Weighted sums of scores and of their squares are whole numbers of these parts: wide integers in the sums, which no weight
can overflow, and doubles after the last sum. -#}
{% macro mean_unit() -%}
    {{ return(67108864) }}
{%- endmacro %}


{#- A share's two counts travel in one double, the base below 2^26 and the numerator above: a sixth of the scan less. -#}
{% macro count_unit() -%} {{ return(67108864) }} {%- endmacro %}


{% macro sum_names(item, shares) -%}
    {%- if item in shares -%}
        {{ return([item ~ '__nx', item ~ '__w', item ~ '__wy', item ~ '__ww']) }}
    {%- else -%}
        {{ return([item ~ '__n', item ~ '__wyy', item ~ '__w', item ~ '__wy', item ~ '__ww']) }}
    {%- endif -%}
{%- endmacro %}


{% macro cell_sums(shares, means) -%}
    {%- for item in shares + means %}
        {%- for column in sum_names(item, shares) %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
    {%- endfor %}
        sum(all_weights) as all_weights,
        sum(all_weights_squared) as all_weights_squared
{%- endmacro %}


{#- The last sum (`added`), or its only row: every column a double. -#}
{% macro final_sums(item, shares, columns, added=true) -%}
    {%- for column in columns %}
        {%- set sent = 'nx' if item in shares and column in ['n', 'x'] else column %}
        {%- set total = ('sum(' ~ item ~ '__' ~ sent ~ ')') if added else (item ~ '__' ~ sent) %}
        {%- if item in shares and column == 'n' %}
        {{ total }} - floor({{ total }} / {{ count_unit() }}e0) * {{ count_unit() }}e0 as {{ item }}__n,
        {%- elif item in shares and column == 'x' %}
        floor({{ total }} / {{ count_unit() }}e0) as {{ item }}__x,
        {%- else %}
        {%- if item not in shares and column in ['wy', 'wyy'] %}
        cast({{ total }} as double) / {{ mean_unit() }}.0 as {{ item }}__{{ column }},
        {%- else %}
        {{ total }} as {{ item }}__{{ column }},
        {%- endif %}
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
