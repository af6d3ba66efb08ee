{#- From a small wide table to a long one: for each row of `relation`, one row for each of `rows`.

keys          columns that are kept
columns       names of the columns that the rows fill
rows          a list of lists: the expression of each of `columns` -#}
{% macro unpivoted(relation, keys, columns, rows) -%}
    {{ return(adapter.dispatch('unpivoted', 'rcs')(relation, keys, columns, rows)) }}
{%- endmacro %}

{% macro default__unpivoted(relation, keys, columns, rows) -%}
    {%- for row in rows %}
    select
        {{ keys | join(', ') }},
        {% for column in columns -%} {{ row[loop.index0] }} as {{ column }}{{ ', ' if not loop.last }} {%- endfor %}
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- One scan instead of one for each row: a plan of hundreds of scans takes longer than they do. -#}
{% macro duckdb__unpivoted(relation, keys, columns, rows) -%}
    select
        {{ keys | join(', ') }},
        {% for column in columns -%}
        unnest([{% for row in rows %}{{ row[columns.index(column)] }}{{ ', ' if not loop.last }}{% endfor %}]) as {{ column }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ relation }}
{%- endmacro %}
