-- The current release in PostgreSQL: its tables always are those of the current release.
select
    (select version from rcs_open.release) as version,
    count(*) as estimates,
    count(estimate) as shown,
    count(symbol) as withheld
from rcs_open.indicator_estimates;
