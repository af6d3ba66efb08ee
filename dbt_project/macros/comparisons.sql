{#- Comparing estimates: probabilities of the normal curve, sums that do not depend on order, words. -#}

{#- The chance of more than z. Hart's algorithm 5666 (1968) in the form of G. West, "Better approximations to cumulative
normal functions", Wilmott Magazine, May 2005: right to 14 places. -#}
{% macro normal_above(z) -%}
    {%- set a = 'abs(' ~ z ~ ')' -%}
    {%- set over = [3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
                    220.206867912376] -%}
    {%- set under = [8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
                     637.333633378831, 793.826512519948, 440.413735824752] -%}
    case
        when {{ a }} >= 37 then case when {{ z }} < 0 then 1.0 else 0.0 end
        else case when {{ z }} < 0 then 1.0 else 0.0 end + case when {{ z }} < 0 then -1.0 else 1.0 end
            * exp(-{{ a }} * {{ a }} / 2)
            * case
                when {{ a }} < 7.07106781186547 then {{ polynomial(over, a) }} / nullif({{ polynomial(under, a) }}, 0)
                else 1 / nullif(2.506628274631 * ({{ a }} + 1 / nullif({{ a }} + 2 / nullif({{ a }} + 3 / nullif({{ a }} + 4
                    / nullif({{ a }} + 0.65, 0), 0), 0), 0)), 0)
            end
    end
{%- endmacro %}


{#- By Horner's rule, the highest power first; in doubles, whatever x is. -#}
{% macro polynomial(coefficients, x) -%}
    {%- set text = namespace(value=coefficients[0] ~ 'e0') -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set text.value = '(' ~ text.value ~ ' * ' ~ x ~ ' + ' ~ coefficient ~ 'e0)' -%}
    {%- endfor -%}
    {{ text.value }}
{%- endmacro %}


{#- The same whatever the order of the rows: decimals add up exactly. -#}
{% macro steady_sum(expression) -%}
    cast(sum(cast({{ expression }} as decimal(38, 15))) as double)
{%- endmacro %}


{#- The distinct values in alphabetical order, as a text. -#}
{% macro joined_list(expression, separator=', ') -%}
    {{ return(adapter.dispatch('joined_list', 'rcs')(expression, separator)) }}
{%- endmacro %}

{% macro default__joined_list(expression, separator) -%}
    nullif(array_join(array_sort(collect_set({{ expression }})), '{{ separator }}'), '')
{%- endmacro %}

{% macro duckdb__joined_list(expression, separator) -%}
    string_agg(distinct {{ expression }}, '{{ separator }}' order by {{ expression }})
{%- endmacro %}


{#- The error that a test uses. At 0 % and 100 % the standard error is nothing, and half of Wilson's interval takes its place. -#}
{% macro error_of(estimates) -%}
    case
        when {{ estimates }}.standard_error > 0 then {{ estimates }}.standard_error
        else ({{ estimates }}.upper - {{ estimates }}.lower) / (2 * {{ normal_975() }})
    end
{%- endmacro %}

{% macro normal_975() -%} 1.959963984540054 {%- endmacro %}


{#- How the first of two stands against the second, once it is known that they differ. -#}
{% macro difference_word(difference, polarity) -%}
    case
        when {{ polarity }} = 'higher_is_better' then case when {{ difference }} > 0 then 'better' else 'worse' end
        when {{ polarity }} = 'lower_is_better' then case when {{ difference }} < 0 then 'better' else 'worse' end
        when {{ difference }} > 0 then 'higher'
        else 'lower'
    end
{%- endmacro %}
