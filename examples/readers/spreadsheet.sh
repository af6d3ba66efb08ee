#!/bin/sh
# The workbook of the current release in LibreOffice: every sheet as CSV, into the folder `sheets`.
set -eu
release=$(sed -n 's/.*"path": "\([^"]*\)".*/\1/p' current.json)
# Comma, quotes, UTF-8, cells as they are stored (not as they are shown), and -1 for all sheets.
filter='csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1'
soffice "$@" --headless --norestore --convert-to "$filter" --outdir sheets "$release/rcs-tables.xlsx"
