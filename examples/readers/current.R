# The current release in R, without a package: an empty cell is NA, never a zero.
pointer <- paste(readLines("current.json"), collapse = " ")
release <- sub('.*"path": "([^"]+)".*', "\\1", pointer)
rows <- read.csv(file.path(release, "csv", "indicator_estimates.csv"), na.strings = "", fileEncoding = "UTF-8")
cat(rows$release_version[1], nrow(rows), sum(!is.na(rows$estimate)), sum(!is.na(rows$symbol)), "\n")
