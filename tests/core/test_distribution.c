/* gd_distribution: against closed forms (one and two degrees of freedom), printed tables, and R
 * 4.2.2, whose values the table below has: 2 * pt(-t, df), qt(p, df), qnorm(p), pnorm(z), with
 * options(digits = 17). */
#include "gd_distribution.h"
#include "problems.h"

#include <float.h>

#define PI 3.14159265358979323846

static const double two_sided[][3] = {
    /* t, df, P(|T| > t) */
    {0.001, 1, 0.99936338043983886},    {0.5, 1, 0.70483276469913358},
    {2, 1, 0.29516723530086642},        {5, 1, 0.12566591637800234},
    {40, 1, 0.015912179824051624},      {0.001, 2, 0.99929289339559002},
    {0.5, 2, 0.66666666666666674},      {2, 2, 0.18350341907227391},
    {5, 2, 0.037749551350623724},       {40, 2, 0.0006244146721847406},
    {0.001, 3, 0.99926489496946092},    {0.5, 3, 0.65144796484815104},
    {2, 3, 0.13932596855884313},        {5, 3, 0.015392438073302296},
    {40, 3, 3.438068078915854e-05},     {0.001, 5, 0.99924078677219763},
    {0.5, 5, 0.63829887164092902},      {2, 5, 0.10193947882985828},
    {5, 5, 0.0041047159800533225},      {40, 5, 1.8411962171772952e-07},
    {0.001, 10, 0.99922178337474099},   {0.5, 10, 0.62789360574297293},
    {2, 10, 0.073388034770740393},      {5, 10, 0.00053733360275645247},
    {40, 10, 2.2808577430857475e-12},   {0.001, 29, 0.99920896297836226},
    {0.5, 29, 0.62084808419378135},     {2, 29, 0.05494363718296718},
    {5, 29, 2.5366315735423162e-05},    {40, 29, 6.3468773297293173e-27},
    {0.001, 100, 0.99920410776010349},  {0.5, 100, 0.61817356583088667},
    {2, 100, 0.048212178731133669},     {5, 100, 2.450173413503796e-06},
    {40, 100, 2.4621076021400736e-63},  {0.001, 10000, 0.99920213551905257},
    {0.5, 10000, 0.61708607932323334},  {2, 10000, 0.045527260661435469},
    {5, 10000, 5.8303266136626421e-07}, {0.001, 1e+06, 0.99920211577164908},
    {0.5, 1e+06, 0.61707518747237167},  {2, 1e+06, 0.045500533851319185},
    {5, 1e+06, 5.7339978708907352e-07}, {0.001, 1e+09, 0.99920211557237737},
    {0.5, 1e+09, 0.61707507756199376},  {2, 1e+09, 0.04550026416631333},
    {5, 1e+09, 5.7330324039516277e-07},
};

static const double quantiles[][3] = {
    /* p, df, t */
    {0.59999999999999998, 1, 0.32491969623290634},
    {0.90000000000000002, 1, 3.0776835371752544},
    {0.97499999999999998, 1, 12.706204736174694},
    {0.99950000000000006, 1, 636.6192487687897},
    {0.59999999999999998, 2, 0.28867513459481314},
    {0.90000000000000002, 2, 1.8856180831641269},
    {0.97499999999999998, 2, 4.3026527297494619},
    {0.99950000000000006, 2, 31.599054576445365},
    {0.59999999999999998, 5, 0.26718086570414518},
    {0.90000000000000002, 5, 1.4758840488244804},
    {0.97499999999999998, 5, 2.5705818356363137},
    {0.99950000000000006, 5, 6.8688266258812734},
    {0.59999999999999998, 30, 0.25560536495191277},
    {0.90000000000000002, 30, 1.3104150253913955},
    {0.97499999999999998, 30, 2.0422724563012378},
    {0.99950000000000006, 30, 3.6459586350420627},
    {0.59999999999999998, 1000, 0.25341451583949876},
    {0.90000000000000002, 1000, 1.2823987214609247},
    {0.97499999999999998, 1000, 1.9623390808264076},
    {0.99950000000000006, 1000, 3.3002826484239436},
    {0.59999999999999998, 1e+07, 0.25334710987600301},
    {0.90000000000000002, 1e+07, 1.2815516502030833},
    {0.97499999999999998, 1e+07, 1.9599642217672049},
    {0.99950000000000006, 1e+07, 3.2905277044652537},
};

static const double normal_quantiles[][2] = {
    /* p, z */
    {1e-10, -6.3613409024040557},
    {0.025000000000000001, -1.9599639845400538},
    {0.40000000000000002, -0.25334710313579978},
    {0.97499999999999998, 1.9599639845400536},
    {0.99999000000000005, 4.2648907939238399},
};

static const double normal_cdf[][2] = {
    /* z, P(Z <= z) */
    {-10, 7.6198530241605269e-24},
    {-1.96, 0.024997895148220428},
    {0.29999999999999999, 0.61791142218895267},
    {5, 0.99999971334842808},
    {37, 1},
};

#define COUNT(a) (sizeof a / sizeof a[0])

START_TEST(student_agrees_with_r)
{
    for (size_t i = 0; i < COUNT(two_sided); i++) {
        const double *r = two_sided[i];
        assert_close(gd_student_two_sided(r[0], r[1]), r[2], 2e-13);
        assert_close(gd_student_cdf(-r[0], r[1]), r[2] / 2, 2e-13);
        assert_close(gd_student_cdf(r[0], r[1]), 1 - r[2] / 2, 2e-13);
    }
}
END_TEST

/* df 1 (Cauchy): P = 1/2 + atan(t) / pi; df 2: P = 1/2 + t / (2 sqrt(2 + t^2)). Two-sided, without
 * cancellation: 2 atan(1 / t) / pi, and 2 / (2 + t^2 + t sqrt(2 + t^2)). */
START_TEST(student_of_one_and_two_degrees_has_a_closed_form)
{
    for (int k = -60; k <= 100; k++) {
        double t = exp(0.3 * k), root = sqrt(2 + t * t);
        assert_close(gd_student_two_sided(t, 1), 2 * atan(1 / t) / PI, 1e-13);
        assert_close(gd_student_two_sided(-t, 1), 2 * atan(1 / t) / PI, 1e-13);
        assert_close(gd_student_two_sided(t, 2), 2 / (2 + t * t + t * root), 1e-13);
    }
}
END_TEST

START_TEST(student_quantiles_agree_with_r_and_with_their_own_cdf)
{
    for (size_t i = 0; i < COUNT(quantiles); i++) {
        const double *r = quantiles[i];
        assert_close(gd_student_quantile(r[0], r[1]), r[2], 1e-11); /* R's own digits */
        assert_close(gd_student_cdf(gd_student_quantile(r[0], r[1]), r[1]), r[0], 1e-14);
        assert_close(gd_student_quantile(1 - r[0], r[1]), -r[2], 1e-11);
    }
    for (int k = 1; k < 300; k++) {
        double p = pow(10, -k);
        assert_close(gd_student_two_sided(gd_student_critical(p, 7), 7), p, 1e-12);
    }
}
END_TEST

/* As every textbook prints them. */
START_TEST(the_printed_table)
{
    const double t975[][2] = {{1, 12.706}, {2, 4.303},  {5, 2.571},  {10, 2.228},
                              {30, 2.042}, {60, 2.000}, {120, 1.980}};
    for (size_t i = 0; i < COUNT(t975); i++)
        assert_near(gd_student_quantile(0.975, t975[i][0]), t975[i][1], 0.0005);
    assert_near(gd_student_quantile(0.975, INFINITY), 1.960, 0.0005);
}
END_TEST

START_TEST(the_normal_distribution_agrees_with_r)
{
    for (size_t i = 0; i < COUNT(normal_quantiles); i++)
        assert_close(gd_normal_quantile(normal_quantiles[i][0]), normal_quantiles[i][1], 1e-13);
    for (size_t i = 0; i < COUNT(normal_cdf); i++) {
        assert_close(gd_normal_cdf(normal_cdf[i][0]), normal_cdf[i][1], 1e-14);
        double tail = gd_normal_cdf(-fabs(normal_cdf[i][0]));
        assert_close(gd_normal_two_sided(normal_cdf[i][0]), 2 * tail, 1e-15);
    }
}
END_TEST

START_TEST(the_ends_and_what_makes_no_sense)
{
    ck_assert_double_eq(gd_student_two_sided(0, 3), 1);
    ck_assert_double_eq(gd_student_two_sided(INFINITY, 3), 0);
    ck_assert_double_eq(gd_student_two_sided(1e300, 50), 0);
    ck_assert_double_eq(gd_student_quantile(0, 3), -INFINITY);
    ck_assert_double_eq(gd_student_quantile(1, 3), INFINITY);
    ck_assert_double_eq(gd_student_quantile(0.5, 3), 0);
    ck_assert(isnan(gd_student_two_sided(NAN, 3)));
    ck_assert(isnan(gd_student_two_sided(1, 0)));
    ck_assert(isnan(gd_student_quantile(1.5, 3)));
    ck_assert(isnan(gd_student_quantile(NAN, 3)));
    ck_assert(isnan(gd_normal_cdf(NAN)));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("distribution");
    tcase_add_test(tc, student_agrees_with_r);
    tcase_add_test(tc, student_of_one_and_two_degrees_has_a_closed_form);
    tcase_add_test(tc, student_quantiles_agree_with_r_and_with_their_own_cdf);
    tcase_add_test(tc, the_printed_table);
    tcase_add_test(tc, the_normal_distribution_agrees_with_r);
    tcase_add_test(tc, the_ends_and_what_makes_no_sense);
    return run_case(tc, "distribution");
}
