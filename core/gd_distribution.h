/* gd_distribution: the normal and Student's t distribution.
 *
 * Normal: by erfc, a few units of the last place, tails included. Student: by the regularised
 * incomplete beta function, from a continued fraction (DiDonato, Morris, 1992) by Lentz's method,
 * to a relative error of about 1e-13, tails included, for up to 1e9
 * degrees of freedom. Quantiles: the root of those, to about 1e-13. Arguments that make no sense
 * give NaN.
 */
#ifndef GD_DISTRIBUTION_H
#define GD_DISTRIBUTION_H

double gd_normal_cdf(double z);
/* P(|Z| > |z|) */
double gd_normal_two_sided(double z);
/* The z with P(Z <= z) = p */
double gd_normal_quantile(double p);

/* df: degrees of freedom, > 0 */
double gd_student_cdf(double t, double df);
double gd_student_two_sided(double t, double df);
double gd_student_quantile(double p, double df);
/* The t >= 0 with P(|T| > t) = p; df may be infinite: the normal distribution. */
double gd_student_critical(double p, double df);

#endif
