{#- Product tables stand in `main` under their own names; everything they are made from in a schema of its step. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
