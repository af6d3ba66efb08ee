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
{#- Lines of these breakdowns are on one side of a share, whole. -#}
{%- set sides = {'level_of_support': 'is_prevention', 'evidence_rating': 'is_evidenced'} -%}
with whole_sides as (
    {% for breakdown, side in sides.items() -%}
        select
            collection,
            '{{ breakdown }}' as breakdown_by,
            coalesce({{ side }}, false) as is_on_side,
            provider,
            sum(gross_pence * weight) as amount
        from {{ ref('service_map_shares') }}
        group by all
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

behind_sides as (
    {{ providers_of_most('whole_sides', 'collection, breakdown_by, is_on_side') }}
),

-- The share of the whole map is withheld where one of its sides is of too few: then the two sides are one margin.
untold as (
    select distinct
        collection,
        breakdown_by
    from behind_sides
    where providers < minimum_providers
),

services as (
    select
        shares.*,
    {% for breakdown in sides -%}
        untold_{{ breakdown }}.collection is null as {{ breakdown }}_split{{ ',' if not loop.last }}
    {% endfor -%}
    from {{ ref('service_map_shares') }} as shares
    {% for breakdown in sides -%}
        left join untold as untold_{{ breakdown }}
            on
                shares.collection = untold_{{ breakdown }}.collection
                and untold_{{ breakdown }}.breakdown_by = '{{ breakdown }}'
    {% endfor -%}
)

{% for breakdown, value in breakdowns.items() -%}
    {% for measure, amount in measures.items() if measure == 'gross' or breakdown != 'ends_in' -%}
        select
            collection,
            '{{ breakdown }}' as breakdown_by,
            {{ value }} as breakdown_value,
            '{{ measure }}' as measure,
            -- Where the share of the whole map is told, what it is a share of adds up to it.
            {% if measure == 'gross' and breakdown in sides -%}
                case when not {{ breakdown }}_split then 'all' when {{ sides[breakdown] }} then 'side' else 'other' end
                    as margin,
            {% else -%}
                'all' as margin,
            {% endif -%}
            provider,
            sum(({{ amount }}) * weight) as amount
        from services
        group by all
        {{ 'union all' if not loop.last }}
    {% endfor -%}
    {{ 'union all' if not loop.last }}
{% endfor %}
