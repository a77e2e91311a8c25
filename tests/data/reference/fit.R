# Fits by R, and the data they are on: writes ../*.csv and r.json. Run by make.sh.
#
# The files hold R's own data sets (package datasets, MASS, quantreg), factors as columns of 0 and 1
# (treatment contrasts), the target last. A case is {data, command, parameters, ...}: parameters as
# the server names them; for lm and glm also R's summary table and predictions of the first five rows.
suppressMessages({
    library(MASS)
    library(nnet)
    library(glmnet)
    library(quantreg)
})

# JSON by hand: 17 digits, names as they are. A vector of length 1 is a number, unless it is I().
json <- function(x, pad = "") {
    inner <- paste0(pad, "  ")
    if (is.list(x)) {
        items <- vapply(seq_along(x), function(i) {
            paste0(inner, if (!is.null(names(x))) paste0("\"", names(x)[i], "\": "), json(x[[i]], inner))
        }, "")
        ends <- if (is.null(names(x))) c("[", "]") else c("{", "}")
        return(paste0(ends[1], "\n", paste(items, collapse = ",\n"), "\n", pad, ends[2]))
    }
    if (is.matrix(x)) {
        rows <- apply(x, 1, function(r) json(I(unname(r)), inner))
        return(paste0("[\n", paste0(inner, rows, collapse = ",\n"), "\n", pad, "]"))
    }
    text <- if (is.character(x)) paste0("\"", gsub("\"", "\\\\\"", x), "\"") else sprintf("%.17g", unclass(x))
    if (length(x) == 1 && !inherits(x, "AsIs")) text else paste0("[", paste(text, collapse = ", "), "]")
}

# The columns of a formula as numbers, and the target behind them, as <name>.csv.
columns <- function(name, formula, data) {
    frame <- model.frame(formula, data)
    X <- model.matrix(formula, frame)
    X <- X[, colnames(X) != "(Intercept)", drop = FALSE]
    out <- data.frame(X, y = model.response(frame), check.names = FALSE)
    names(out)[ncol(out)] <- all.vars(formula)[1]
    names(out) <- gsub("_$", "", gsub("[^A-Za-z0-9.]+", "_", names(out)))
    # 15 digits: then every program reads the same doubles
    shown <- lapply(out, function(v) if (is.numeric(v)) sprintf("%.15g", v) else as.character(v))
    write.table(shown, paste0("../", name, ".csv"),
        sep = ",", quote = FALSE, row.names = FALSE, col.names = names(out)
    )
    out <- read.csv(paste0("../", name, ".csv"), check.names = FALSE)
    list(X = as.matrix(out[-ncol(out)]), y = out[[ncol(out)]], name = name, target = names(out)[ncol(out)])
}

linear <- function(b) list(intercept = unname(b[1]), coefficients = I(unname(b[-1])))

# Fits fit(y ~ X) and records it with its inference.
generalised <- function(d, command, fit) {
    s <- coef(summary(fit))
    n <- min(5, length(d$y))
    out <- list(
        data = paste0(d$name, ".csv"), command = command, parameters = linear(coef(fit)),
        summary = list(
            rows = I(c("intercept", colnames(d$X))), columns = I(colnames(s)), table = unname(s),
            df_residual = df.residual(fit)
        ),
        predictions = I(unname(head(predict(fit, type = "response"), n)))
    )
    if (inherits(fit, "glm")) {
        out$summary$deviance <- deviance(fit)
        out$summary$null_deviance <- fit$null.deviance
        out$summary$aic <- AIC(fit)
    } else {
        out$summary$sigma <- summary(fit)$sigma
        out$summary$r_squared <- summary(fit)$r.squared
        out$summary$adj_r_squared <- summary(fit)$adj.r.squared
        out$summary$f_statistic <- unname(summary(fit)$fstatistic[1])
    }
    out$summary$confint_95 <- unname(confint.default(fit)) # by the normal distribution
    out
}

exact <- glm.control(epsilon = 1e-15, maxit = 100)
cases <- list()

# ---- lm ----
d <- columns("swiss", Fertility ~ ., swiss)
cases$swiss <- generalised(d, "lm(Fertility ~ ., swiss)", lm(d$y ~ d$X))
cases$swiss$summary$confint_95 <- unname(confint(lm(d$y ~ d$X))) # by Student's t
cases$swiss$summary$vif <- I(unname(diag(solve(cor(d$X)))))
d <- columns("stackloss", stack.loss ~ ., stackloss)
cases$stackloss <- generalised(d, "lm(stack.loss ~ ., stackloss)", lm(d$y ~ d$X))
cases$stackloss$summary$confint_95 <- unname(confint(lm(d$y ~ d$X)))
cases$stackloss$summary$vif <- I(unname(diag(solve(cor(d$X)))))

# ---- glm ----
d <- columns("mtcars_am", am ~ wt + hp, mtcars)
cases$mtcars_am <- generalised(d, "glm(am ~ wt + hp, binomial, mtcars)", glm(d$y ~ d$X, binomial, control = exact))
d <- columns("infert", case ~ education + age + parity + induced + spontaneous, infert)
infert_data <- d
cases$infert <- generalised(
    d, "glm(case ~ education + age + parity + induced + spontaneous, binomial, infert)",
    glm(d$y ~ d$X, binomial, control = exact)
)
# "balanced": each row weighs N / (classes * rows of its class), as in scikit-learn
balanced <- length(d$y) / (2 * table(d$y)[as.character(d$y)])
cases$infert_balanced <- generalised(
    d, "glm(case ~ ..., binomial, infert, weights = N / (2 * rows of the class))",
    suppressWarnings(glm(d$y ~ d$X, binomial, weights = as.vector(balanced), control = exact))
)
cases$infert_balanced$class_weight <- "balanced"
cases$infert_balanced$summary <- NULL # R takes weights for counts
d <- columns("warpbreaks", breaks ~ wool + tension, warpbreaks)
cases$warpbreaks <- generalised(d, "glm(breaks ~ wool + tension, poisson, warpbreaks)", glm(d$y ~ d$X, poisson, control = exact))
d <- columns("insect_sprays", count ~ spray, InsectSprays)
cases$insect_sprays <- generalised(d, "glm(count ~ spray, poisson, InsectSprays)", glm(d$y ~ d$X, poisson, control = exact))
d <- columns("quine", Days ~ Eth + Sex + Age + Lrn, quine)
cases$quine <- generalised(d, "glm(Days ~ Eth + Sex + Age + Lrn, poisson, MASS::quine)", glm(d$y ~ d$X, poisson, control = exact))

# ---- offset and weights ----
contrasts(Insurance$Group) <- contr.treatment(4)
contrasts(Insurance$Age) <- contr.treatment(4)
d <- columns("insurance", Claims ~ District + Group + Age + log(Holders), Insurance)
last <- ncol(d$X)
offset_data <- d
offset_data$X <- d$X[, -last]
cases$insurance <- generalised(
    offset_data, "glm(Claims ~ District + Group + Age + offset(log(Holders)), poisson, MASS::Insurance)",
    glm(d$y ~ d$X[, -last], poisson, offset = d$X[, last], control = exact)
)
cases$insurance$offset <- colnames(d$X)[last]
d <- columns("swiss", Fertility ~ ., swiss)
cases$swiss_weighted <- generalised(
    d, "lm(Fertility ~ . - Catholic, swiss, weights = Catholic)",
    lm(d$y ~ d$X[, colnames(d$X) != "Catholic"], weights = d$X[, "Catholic"])
)
cases$swiss_weighted$summary$rows <- I(setdiff(cases$swiss$summary$rows, "Catholic"))
cases$swiss_weighted$weights <- "Catholic"
cases$swiss_weighted$summary$confint_95 <- NULL

# ---- softmax: coefficients against the first class ----
multinomial <- function(d, command) {
    s <- apply(d$X, 2, sd) # its optimizer wants columns of one scale
    m <- colMeans(d$X)
    Z <- scale(d$X, m, s)
    fit <- multinom(factor(d$y) ~ Z, trace = FALSE, reltol = 1e-16, abstol = 1e-16, maxit = 100000)
    b <- coef(fit)
    w <- sweep(b[, -1, drop = FALSE], 2, s, "/")
    list(
        data = paste0(d$name, ".csv"), command = command,
        parameters = list(intercept = I(unname(b[, 1] - c(w %*% m))), coefficients = unname(w)),
        deviance = deviance(fit), against_first_class = 1,
        predictions = unname(fitted(fit)[1:5, ])
    )
}
d <- columns("airquality", Month ~ Ozone + Solar.R + Wind + Temp, na.omit(airquality))
cases$airquality <- multinomial(d, "nnet::multinom(Month ~ Ozone + Solar.R + Wind + Temp, na.omit(airquality))")
d <- columns("chickwts", feed ~ weight, transform(chickwts, feed = as.character(feed)))
cases$chickwts <- multinomial(d, "nnet::multinom(feed ~ weight, chickwts)")
invisible(columns("iris", Species ~ ., transform(iris, Species = as.character(Species))))

# ---- glmnet ----
# It minimises 1/(2N) RSS + lambda (alpha |w|_1 + (1 - alpha)/2 |w|^2) (for other families -1/N of
# the log likelihood in place of RSS/2N) on columns divided by their standard deviation (by N). With
# gaussian it also divides y by its own (by N), which leaves the meaning of the lasso term, but
# makes the other one lambda/sd(y): l1 = 2 lambda alpha, l2 = 2 lambda (1 - alpha) / sd(y).
net <- function(d, family, lambda, alpha) {
    path <- lambda * 2^(12:0) # it is meant to come down to a lambda
    fit <- glmnet(d$X, d$y, family, lambda = path, alpha = alpha, thresh = 1e-30, maxit = 1e8)
    b <- as.matrix(coef(fit))[, length(path)]
    sd_n <- sqrt(mean((d$y - mean(d$y))^2))
    twice <- if (family == "gaussian") c(2, 2 / sd_n) else c(1, 1)
    list(
        data = paste0(d$name, ".csv"),
        command = sprintf("glmnet(X, y, \"%s\", lambda = %g, alpha = %g, thresh = 1e-30)", family, lambda, alpha),
        parameters = linear(b), l1 = twice[1] * lambda * alpha, l2 = twice[2] * lambda * (1 - alpha)
    )
}
d <- columns("mtcars", mpg ~ ., mtcars[c(2:11, 1)])
cases$mtcars_lasso <- net(d, "gaussian", 0.8, 1)
cases$mtcars_elastic_net <- net(d, "gaussian", 0.8, 0.5)
cases$mtcars_ridge <- net(d, "gaussian", 0.8, 0)
cases$infert_lasso <- net(infert_data, "binomial", 0.02, 1)
cases$infert_elastic_net <- net(infert_data, "binomial", 0.02, 0.5)
d <- columns("quine", Days ~ Eth + Sex + Age + Lrn, quine)
cases$quine_elastic_net <- net(d, "poisson", 0.5, 0.5)

# ---- quantiles ----
quantile_of <- function(d, command, tau) {
    fit <- rq(d$y ~ d$X, tau, method = "br")
    list(data = paste0(d$name, ".csv"), command = command, parameters = linear(coef(fit)),
         cost = fit$rho / length(d$y))
}
d <- columns("stackloss", stack.loss ~ ., stackloss)
cases$stackloss_median <- quantile_of(d, "quantreg::rq(stack.loss ~ ., 0.5, stackloss)", 0.5)
data(engel, package = "quantreg")
d <- columns("engel", foodexp ~ income, engel)
cases$engel_median <- quantile_of(d, "quantreg::rq(foodexp ~ income, 0.5, engel)", 0.5)
cases$engel_09 <- quantile_of(d, "quantreg::rq(foodexp ~ income, 0.9, engel)", 0.9)

version_of <- function(p) paste(p, packageVersion(p))
out <- list(
    made_by = paste(c(R.version.string, vapply(c("nnet", "MASS", "glmnet", "quantreg"), version_of, "")), collapse = ", "),
    cases = cases
)
writeLines(json(out), "r.json")
