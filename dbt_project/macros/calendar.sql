{#- The financial year (April to March) of a date, as 2017-18. -#}
{% macro financial_year(date) -%}
    {%- set starts = '(year(' ~ date ~ ') - case when month(' ~ date ~ ') >= 4 then 0 else 1 end)' -%}
    {{ return("cast(" ~ starts ~ " as varchar) || '-' || substr(cast(" ~ starts ~ " + 1 as varchar), 3, 2)") }}
{%- endmacro %}
