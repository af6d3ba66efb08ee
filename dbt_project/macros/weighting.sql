{#- Cells that cannot stand alone, and weights fitted to two margins. All of it on small tables of cells, never on pupils. -#}

{#- The nearest usable place before and after each row, itself included. -#}
{% macro usable_around(partition) -%}
    max(case when usable then place end) over (
            partition by {{ partition }} order by place rows between unbounded preceding and current row
        ) as place_before,
        min(case when usable then place end) over (
            partition by {{ partition }} order by place rows between current row and unbounded following
        ) as place_after
{%- endmacro %}


{#- The nearer of the two, the earlier where both are as near; 0 where nothing is usable. -#}
{% macro nearest_usable() -%}
    case
            when place_before is null and place_after is null then 0
            when place_before is null or place_after - place < place - place_before then place_after
            else place_before
        end
{%- endmacro %}


{% macro joined_text(expression, order) -%}
    {{ return(adapter.dispatch('joined_text', 'rcs')(expression, order)) }}
{%- endmacro %}

{% macro default__joined_text(expression, order) -%}
    listagg({{ expression }}, '+') within group (order by {{ order }})
{%- endmacro %}

{% macro duckdb__joined_text(expression, order) -%}
    string_agg({{ expression }}, '+' order by {{ order }})
{%- endmacro %}


{#- A step that DuckDB would otherwise write out in each use of its result: twice as long a plan for each step. -#}
{% macro made_once() -%}
    {{ return(adapter.dispatch('made_once', 'rcs')()) }}
{%- endmacro %}

{% macro default__made_once() -%} {%- endmacro %}

{% macro duckdb__made_once() -%} materialized {%- endmacro %}


{#- Iterative proportional fitting: `total` of each row is scaled to the margins, then to the cells, so many times.

relation   collection, cell, margin, cell_aim, margin_aim, respondents, total; one row for each cell and margin with respondents

The cells come last and so hold exactly. Totals are rounded after each step to the places of a weight: their sums are
exact, whatever the order of the rows. -#}
{% macro proportionally_fitted(relation, steps) %}
{%- set previous = namespace(name=relation) -%}
{%- for step in range(1, steps + 1) %}
{%- for kind in ['margin', 'cell'] %}
{{ kind }}_fit_{{ step }} as {{ made_once() }} (
    select
        collection,
        cell,
        margin,
        cell_aim,
        margin_aim,
        respondents,
        {{ dyadic('total * ' ~ kind ~ '_aim / nullif(sum(total) over (partition by collection, ' ~ kind ~ '), 0)', weight_places()) }} as total
    from {{ previous.name }}
),
{% set previous.name = kind ~ '_fit_' ~ step -%}
{% endfor %}
{%- endfor %}
fitted as (
    select
        *,
        abs(sum(total) over (partition by collection, margin) / nullif(margin_aim, 0) - 1) as missed_by
    from {{ previous.name }}
)
{% endmacro %}
