-- Generated from data_contracts/products/rcs/collections.odcs.yaml by `make generate`. Do not edit: change the contract.
{{ config(materialized='table') }}

select
    cast(collection as varchar) as collection,
    cast(title as varchar) as title,
    cast(tranche as varchar) as tranche,
    cast(cpp_code as varchar) as cpp_code,
    cast(cpp_name as varchar) as cpp_name,
    cast(health_board_code as varchar) as health_board_code,
    cast(health_board as varchar) as health_board,
    cast(wave as varchar) as wave,
    cast(collected as varchar) as collected,
    cast(last_due_on as date) as last_due_on
from {{ ref('registered_collections') }}
where
    collection is not null
    and title is not null
    and tranche is not null
    and cpp_code is not null
    and cpp_name is not null
    and health_board_code is not null
    and health_board is not null
    and wave is not null
    and collected is not null
order by 1
