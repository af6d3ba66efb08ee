{{ config(materialized='table', schema='planning') }}

-- What each provider earns in each line of the maps' tables, whole pence times whole millionths. Lines of a breakdown
-- add up to their margin, which a reader knows.
{% set measures = {
    'gross': 'gross_pence',
    'income': 'income_pence',
    'prevention': 'case when is_prevention then gross_pence else 0 end',
    'without_prevention': 'case when is_prevention then 0 else gross_pence end',
    'evidence': 'case when is_evidenced then gross_pence else 0 end',
    'without_evidence': 'case when is_evidenced then 0 else gross_pence end',
} -%}
{%- set breakdowns = {
    'all': "'all'",
    'level_of_support': 'level_of_support',
    'lead_partner': 'lead_partner',
    'need_type': 'need_type',
    'evidence_rating': 'evidence_rating',
    'ends_in': financial_year('contract_end_date'),
} -%}
{% for breakdown, value in breakdowns.items() -%}
    {% for measure, amount in measures.items() if measure == 'gross' or breakdown != 'ends_in' -%}
        select
            collection,
            '{{ breakdown }}' as breakdown_by,
            {{ value }} as breakdown_value,
            '{{ measure }}' as measure,
            -- The shares of prevention and of evidence are published: what they are shares of adds up to them.
            {% if measure == 'gross' and breakdown == 'level_of_support' -%}
                case when is_prevention then 'prevention' else 'other' end as margin,
            {% elif measure == 'gross' and breakdown == 'evidence_rating' -%}
                case when is_evidenced then 'evidenced' else 'other' end as margin,
            {% else -%}
                'all' as margin,
            {% endif -%}
            provider,
            sum(({{ amount }}) * weight) as amount
        from {{ ref('service_map_shares') }}
        group by all
        {{ 'union all' if not loop.last }}
    {% endfor -%}
    {{ 'union all' if not loop.last }}
{% endfor %}
