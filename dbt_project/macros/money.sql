{#- How many providers make up most of an amount (`dominant_share` of the policy), of every line of `amounts`: two who earn nearly all
of a sum know each other's part.

amounts         relation with the columns of `line`, provider, amount; a line and a provider a row
line            the columns that name a line -#}
{% macro providers_of_most(amounts, line) %}
    select
        {{ line }},
        max(total) as total,
        count(case when larger <= dominant_share * total then 1 end) as providers,
        max(minimum_providers) as minimum_providers
    from (
        select
            *,
            sum(amount) over by_line as total,
            sum(amount) over (by_line order by amount desc, provider asc rows unbounded preceding) - amount as larger
        from {{ amounts }}
        where amount <> 0
        window by_line as (partition by {{ line }})
    )
    cross join {{ ref('money_policy') }}
    group by {{ line }}
{%- endmacro %}


{#- How many providers stand behind each line of `amounts` (a line and a provider a row), or behind what could be worked out if it
were shown. Those are counted that make up most of an amount (`dominant_share` of the policy), since two who earn nearly all of a
sum know each other's part. Lines add up to their margin. Where a line is withheld, the next smallest go with it until what is
withheld together is of enough; such a line carries the number of what was together before it. A line of no name is never shown.

amounts         relation with collection, breakdown_by, measure, margin, breakdown_value, provider, amount
withheld        relation with collection, breakdown_by, breakdown_value: lines that are withheld whatever this says; or none -#}
{% macro providers_behind(amounts, withheld=none) %}
{%- set line = 'collection, breakdown_by, measure, margin' -%}
with lines as (
    {{ providers_of_most(amounts, line ~ ', breakdown_value') }}
),

judged as (
    select
        lines.*,
        lines.providers < lines.minimum_providers or lines.breakdown_value is null
        {%- if withheld %} or withheld.collection is not null {%- endif %} as alone
    from lines
    {% if withheld -%}
    left join {{ withheld }} as withheld
        on
            lines.collection = withheld.collection
            and lines.breakdown_by = withheld.breakdown_by
            and lines.breakdown_value = withheld.breakdown_value
    {%- endif %}
),

placed as (
    select
        *,
        row_number() over (partition by {{ line }}, alone order by total, breakdown_value) as place
    from judged
),

-- Step 0 is withheld for itself; then the others, the smallest first.
stepped as (
    select
        *,
        case when alone then 0 else place end as step
    from placed
),

steps as (
    select distinct
        stepped.collection,
        stepped.breakdown_by,
        stepped.measure,
        stepped.margin,
        stepped.step
    from stepped
    inner join stepped as first_step
        on
            stepped.collection = first_step.collection
            and stepped.breakdown_by = first_step.breakdown_by
            and stepped.measure = first_step.measure
            and stepped.margin = first_step.margin
    where first_step.step = 0
),

joined as (
    select
        steps.collection,
        steps.breakdown_by,
        steps.measure,
        steps.margin,
        steps.step,
        earned.provider,
        sum(earned.amount) as amount
    from steps
    inner join stepped
        on
            steps.collection = stepped.collection
            and steps.breakdown_by = stepped.breakdown_by
            and steps.measure = stepped.measure
            and steps.margin = stepped.margin
    inner join {{ amounts }} as earned
        on
            stepped.collection = earned.collection
            and stepped.breakdown_by = earned.breakdown_by
            and stepped.measure = earned.measure
            and stepped.margin = earned.margin
            and stepped.breakdown_value is not distinct from earned.breakdown_value
    where stepped.step <= steps.step
    group by all
),

together as (
    {{ providers_of_most('joined', line ~ ', step') }}
),

enough as (
    select
        {{ line }},
        min(case when providers >= minimum_providers then step end) as step,
        max(step) as last_step
    from together
    group by {{ line }}
)

select
    stepped.collection,
    stepped.breakdown_by,
    stepped.breakdown_value,
    stepped.measure,
    case
        when stepped.step > 0 and stepped.step <= coalesce(enough.step, enough.last_step)
            then least(stepped.providers, together.providers)
        else stepped.providers
    end as providers
from stepped
left join enough
    on
        stepped.collection = enough.collection
        and stepped.breakdown_by = enough.breakdown_by
        and stepped.measure = enough.measure
        and stepped.margin = enough.margin
left join together
    on
        stepped.collection = together.collection
        and stepped.breakdown_by = together.breakdown_by
        and stepped.measure = together.measure
        and stepped.margin = together.margin
        and stepped.step - 1 = together.step
where stepped.breakdown_value is not null
{% endmacro %}
