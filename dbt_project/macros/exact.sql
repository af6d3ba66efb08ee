{#- Sums that do not depend on the order in which an engine meets the rows.

A double that is a multiple of 2^-26 adds up exactly as long as the total stays below 2^27, one of 2^-30 below 2^23;
everything that is summed over pupils is such a number (the data test `sums_are_exact` watches the limits), or a whole
number. Ratios are not: over clusters they are summed as whole multiples of 2^-60. -#}

{#- The places of a weight: finer than the last digit of any published one, coarse enough to add up exactly. -#}
{% macro weight_places() -%} {{ return(26) }} {%- endmacro %}

{% macro dyadic(expression, places) -%}
    round(({{ expression }}) * {{ 2 ** places }}.0) / {{ 2 ** places }}.0
{%- endmacro %}

{% macro exact_sum(expression) -%}
    {{ return(adapter.dispatch('exact_sum', 'rcs')(expression)) }}
{%- endmacro %}

{% macro default__exact_sum(expression) -%}
    cast(sum(cast({{ expression }} as decimal(38, 18))) as double)
{%- endmacro %}

{#- |expression| <= 4: shares of a total and their squares are. The engine's cast rounds. -#}
{% macro duckdb__exact_sum(expression) -%}
    cast(sum(cast(({{ expression }}) * 1152921504606846976.0 as bigint)) as double) / 1152921504606846976.0
{%- endmacro %}

{#- A whole number of up to 38 digits. -#}
{% macro wide_integer() -%}
    {{ return(adapter.dispatch('wide_integer', 'rcs')()) }}
{%- endmacro %}

{% macro default__wide_integer() -%} {{ return('decimal(38, 0)') }} {%- endmacro %}

{% macro duckdb__wide_integer() -%} {{ return('hugeint') }} {%- endmacro %}

{#- A whole number from 0 to 2^32 - 1 that depends on the text alone. -#}
{% macro uniform_32(expression) -%}
    {{ return(adapter.dispatch('uniform_32', 'rcs')(expression)) }}
{%- endmacro %}

{% macro default__uniform_32(expression) -%}
    cast(conv(substr(md5({{ expression }}), 1, 8), 16, 10) as bigint)
{%- endmacro %}

{% macro duckdb__uniform_32(expression) -%}
    cast('0x' || substr(md5({{ expression }}), 1, 8) as bigint)
{%- endmacro %}
