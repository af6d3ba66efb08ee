{#- Tables and views for a database that is made anew for every build.

dbt's own make each under another name, look for what stood there before, rename and drop: a sixtieth of a second a model, and
the loading of their macros. Here nothing stood there before; what dbt remembers of an earlier run of its own is dropped. -#}
{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {%- set target = this.incorporate(type='table') -%}
    {%- do make_anew(target, create_table_as(False, target, sql)) -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{% materialization view, adapter='duckdb', supported_languages=['sql'] %}
    {%- set target = this.incorporate(type='view') -%}
    {%- do make_anew(target, create_view_as(target, sql)) -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{#- One transaction, hooks of the project included. -#}
{% macro make_anew(target, statement_text) -%}
    {%- do drop_relation_if_exists(load_cached_relation(target)) -%}
    {{- run_hooks(pre_hooks, inside_transaction=True) -}}
    {%- call statement('main') -%} {{ statement_text }} {%- endcall -%}
    {{- run_hooks(post_hooks, inside_transaction=True) -}}
    {%- do adapter.commit() -%}
{%- endmacro %}
