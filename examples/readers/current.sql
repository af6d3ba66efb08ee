-- The current release in DuckDB: the pointer names a folder, and the tables lie below it.
set variable release = (select path from read_json('current.json'));

select release_version, count(*) as estimates, count(estimate) as shown, count(symbol) as withheld
from read_parquet(getvariable('release') || '/parquet/indicator_estimates.parquet')
group by release_version;
