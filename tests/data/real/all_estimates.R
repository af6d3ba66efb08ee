# How all_estimates.csv was made from yrbs2019.sav (exported to CSV) with R 4.2 and the package survey 4.1.
# Domain by subset; pupils without an answer to the item are outside the domain, as in the published tables.
suppressMessages(library(survey))
options(survey.lonely.psu = "adjust")
pupils <- read.csv("yrbs2019.csv")
design <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, nest = TRUE, data = pupils)
estimate <- function(variable, group_by, group, domain) {
  domain <- subset(domain, !is.na(get(variable)))
  base <- nrow(domain)
  if (base == 0) return(NULL)
  domain <- update(domain, yes = as.numeric(get(variable) == 1))
  numerator <- sum(domain$variables$yes)
  df <- degf(domain)
  share <- svymean(~yes, domain)
  limits <- c(NA, NA)
  if (numerator > 0 && numerator < base && df >= 2) {
    limits <- attr(svyciprop(~yes, domain, method = "logit", df = df), "ci")
  }
  data.frame(
    indicator_id = variable, group_by, group_value = group, base, numerator,
    estimate = coef(share)[1], standard_error = SE(share)[1], lower = limits[1], upper = limits[2],
    degrees_of_freedom = df
  )
}
groups <- list(c("sex", "Q2"), c("grade", "Q3"), c("ethnicity", "raceeth"))
rows <- list()
for (variable in grep("^(QN|qn)", names(pupils), value = TRUE)) {
  rows[[length(rows) + 1]] <- estimate(variable, "all", "all", design)
  for (group in groups) for (value in sort(unique(na.omit(pupils[[group[2]]])))) {
    domain <- design[which(pupils[[group[2]]] == value), ]
    rows[[length(rows) + 1]] <- estimate(variable, group[1], as.character(value), domain)
  }
}
write.csv(do.call(rbind, rows), "all_estimates.csv", row.names = FALSE, na = "")
