-- Generated from the register by `make generate`. Do not edit: change the contract.
{{ config(materialized='view', schema='register') }}

select *
from (
    values
    ('t1-clackmannanshire-2015', 'Clackmannanshire, first survey', '1', 'Tranche 1', 'S12000005', 'Clackmannanshire', 'S08000019', 'Forth Valley', 'rcs-1', 'First survey of each partnership', '2015-16', date '2016-06-30'),
    ('t1-west-lothian-2015', 'West Lothian, first survey', '1', 'Tranche 1', 'S12000040', 'West Lothian', 'S08000024', 'Lothian', 'rcs-1', 'First survey of each partnership', '2015-16', date '2016-06-30'),
    ('t1-south-lanarkshire-2015', 'South Lanarkshire, first survey', '1', 'Tranche 1', 'S12000029', 'South Lanarkshire', 'S08000032', 'Lanarkshire', 'rcs-1', 'First survey of each partnership', '2015-16', date '2016-06-30'),
    ('t2-north-lanarkshire-2016', 'North Lanarkshire, first survey', '2', 'Tranche 2', 'S12000050', 'North Lanarkshire', 'S08000032', 'Lanarkshire', 'rcs-1', 'First survey of each partnership', '2016-17', date '2017-06-30'),
    ('t2-falkirk-2016', 'Falkirk, first survey', '2', 'Tranche 2', 'S12000014', 'Falkirk', 'S08000019', 'Forth Valley', 'rcs-1', 'First survey of each partnership', '2016-17', date '2017-06-30'),
    ('t3-dumfries-and-galloway-2018', 'Dumfries and Galloway, first survey', '3', 'Tranche 3', 'S12000006', 'Dumfries and Galloway', 'S08000017', 'Dumfries and Galloway', 'rcs-1', 'First survey of each partnership', '2018-19', date '2019-06-28'),
    ('t3-moray-2018', 'Moray, first survey', '3', 'Tranche 3', 'S12000020', 'Moray', 'S08000020', 'Grampian', 'rcs-1', 'First survey of each partnership', '2018-19', date '2019-06-28'),
    ('t3-south-ayrshire-2018', 'South Ayrshire, first survey', '3', 'Tranche 3', 'S12000028', 'South Ayrshire', 'S08000015', 'Ayrshire and Arran', 'rcs-1', 'First survey of each partnership', '2018-19', date '2019-06-28'),
    ('scotland-2019', 'Scotland, frame of schools', cast(null as varchar), cast(null as varchar), cast(null as varchar), cast(null as varchar), cast(null as varchar), cast(null as varchar), 'frame-2019', 'Frame of schools of September 2019', '2019-20', date '2019-12-10')
) as entries (collection, title, tranche, tranche_title, cpp_code, cpp_name, health_board_code, health_board, wave, wave_title, collected, last_due_on)
