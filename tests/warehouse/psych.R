# What R's psych package says of the 25-item questionnaire that it brings: answers, reliability and scores.
suppressPackageStartupMessages(library(psych))
folder <- commandArgs(trailingOnly = TRUE)[1]
items <- bfi[, 1:25]
names(items) <- c(paste0("a", 1:5), paste0("c", 1:5), paste0("e", 1:5), paste0("b", 1:5), paste0("d", 1:5))
keys <- list(
  trait_a = c("-a1", "a2", "a3", "a4", "a5"), trait_b = paste0("b", 1:5),
  trait_c = c("c1", "c2", "c3", "-c4", "-c5"), trait_d = paste0("d", 1:5),
  trait_e = c("-e1", "-e2", "e3", "e4", "e5")
)
write.csv(cbind(items, sex = bfi$gender), file.path(folder, "answers.csv"), row.names = FALSE, na = "-9")
reliability <- do.call(rbind, lapply(names(keys), function(scale) {
  turned <- reverse.code(ifelse(startsWith(keys[[scale]], "-"), -1, 1), items[, sub("-", "", keys[[scale]])],
    mini = 1, maxi = 6)
  data.frame(
    scale = scale, pairwise = alpha(turned)$total$raw_alpha, complete = alpha(turned, use = "complete.obs")$total$raw_alpha
  )
}))
write.csv(reliability, file.path(folder, "alpha.csv"), row.names = FALSE)
scores <- scoreItems(keys, items, impute = "none", min = 1, max = 6)$scores
write.csv(data.frame(row = seq_len(nrow(scores)), scores), file.path(folder, "scores.csv"), row.names = FALSE, na = "")
