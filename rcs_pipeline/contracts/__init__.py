"""Contracts: YAML files in, typed and validated objects out.

Belongs here: everything that reads `data_contracts/` (and the folders given with `--contracts`),
and the records that the other rooms work with. It is the only code that reads YAML.

Does not belong here: files that were delivered, the ledger, SQL, anything that writes.
"""
