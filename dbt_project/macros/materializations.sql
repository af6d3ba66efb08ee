{#- Tables and views for a database that is made anew for every build.

dbt's own make each under another name, look for what stood there before, rename and drop: a sixtieth of a second a model, and
the loading of their macros. Here nothing stood there before; what dbt remembers of an earlier run of its own is dropped.
They also plan a query once more before it is run, to hold its columns against the contract: here those of what was made are,
before it is committed. -#}
{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {%- set target = this.incorporate(type='table') -%}
    {%- do make_anew(target, 'create table ' ~ target ~ ' as (\n' ~ sql ~ '\n)') -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{% materialization view, adapter='duckdb', supported_languages=['sql'] %}
    {%- set target = this.incorporate(type='view') -%}
    {%- do make_anew(target, 'create view ' ~ target ~ ' as (\n' ~ sql ~ '\n)') -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#- One transaction, hooks of the project included. -#}
{% macro make_anew(target, statement_text) -%}
    {%- do drop_relation_if_exists(load_cached_relation(target)) -%}
    {{- run_hooks(pre_hooks, inside_transaction=True) -}}
    {%- call statement('main') -%} {{ statement_text }} {%- endcall -%}
    {%- if config.get('contract').enforced -%} {%- do hold_to_its_contract(target) -%} {%- endif -%}
    {{- run_hooks(post_hooks, inside_transaction=True) -}}
    {%- do adapter.commit() -%}
{%- endmacro %}


{#- The same columns of the same types, in the same order. -#}
{% macro hold_to_its_contract(target) -%}
    {%- set made = [] -%}
    {%- set promised = [] -%}
    {%- for column in adapter.get_columns_in_relation(target) -%}
        {%- do made.append({'name': column.name, 'data_type': column.dtype | lower}) -%}
    {%- endfor -%}
    {%- for column in model.columns.values() -%}
        {%- do promised.append({'name': column.name, 'data_type': column.data_type | lower}) -%}
    {%- endfor -%}
    {%- if made != promised -%} {%- do exceptions.raise_contract_error(promised, made) -%} {%- endif -%}
{%- endmacro %}
