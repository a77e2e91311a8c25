/* api_datetime: ISO 8601 dates and times to seconds since 1970 and back (of api_types). */
#include "api_types.h"

#include "api_number.h"

#include <math.h>
#include <stdio.h>

/* 0000-01-01T00:00:00Z and 10000-01-01T00:00:00Z. */
#define FIRST_SECOND (-62167219200.0)
#define BEHIND_LAST 253402300800.0

typedef struct cursor {
    const char *s, *end;
} cursor;

static bool digits(cursor *c, int count, int *out)
{
    int v = 0;
    for (int i = 0; i < count; i++) {
        if (c->s == c->end || *c->s < '0' || *c->s > '9')
            return false;
        v = 10 * v + (*c->s++ - '0');
    }
    *out = v;
    return true;
}

static bool sign(cursor *c, char wanted)
{
    if (c->s == c->end || *c->s != wanted)
        return false;
    c->s++;
    return true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01, by years that begin in March (Hinnant, "chrono-compatible low-level date
 * algorithms"). */
static double days_from(int year, int month, int day)
{
    int y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097.0 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool date(cursor *c, double *days)
{
    int year, month, day;
    if (!digits(c, 4, &year) || !sign(c, '-') || !digits(c, 2, &month) || !sign(c, '-') ||
        !digits(c, 2, &day) || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
        return false;
    *days = days_from(year, month, day);
    return true;
}

/* Of a second, to the nanosecond; further digits are dropped. */
static bool fraction(cursor *c, double *out)
{
    int64_t nanoseconds = 0, unit = 100000000;
    const char *begin = c->s;
    for (; c->s < c->end && *c->s >= '0' && *c->s <= '9'; c->s++, unit /= 10)
        nanoseconds += unit * (*c->s - '0');
    *out = (double)nanoseconds / 1e9;
    return c->s > begin;
}

static bool clock_time(cursor *c, double *seconds)
{
    int hour, minute, second = 0;
    double part = 0;
    if (!digits(c, 2, &hour) || !sign(c, ':') || !digits(c, 2, &minute))
        return false;
    if (sign(c, ':') &&
        (!digits(c, 2, &second) || ((sign(c, '.') || sign(c, ',')) && !fraction(c, &part))))
        return false;
    *seconds = 3600.0 * hour + 60.0 * minute + second + part;
    return hour < 24 && minute < 60 && second < 60;
}

/* Z, or an offset from UTC; nothing is UTC. */
static bool zone(cursor *c, double *offset)
{
    int hour, minute = 0;
    *offset = 0;
    if (c->s == c->end || sign(c, 'Z') || sign(c, 'z'))
        return true;
    double towards = sign(c, '+') ? 1 : sign(c, '-') ? -1 : 0;
    if (towards == 0 || !digits(c, 2, &hour))
        return false;
    bool more = c->s < c->end;
    if (more && ((void)sign(c, ':'), !digits(c, 2, &minute)))
        return false;
    *offset = towards * (3600.0 * hour + 60.0 * minute);
    return hour < 24 && minute < 60;
}

bool api_datetime_read(const char *text, size_t n, double *seconds)
{
    cursor c = {text, text + n};
    double days, time = 0, offset = 0;
    while (c.s < c.end && *c.s == ' ')
        c.s++;
    while (c.end > c.s && c.end[-1] == ' ')
        c.end--;
    if (!date(&c, &days))
        return false;
    if (c.s < c.end && (!(sign(&c, 'T') || sign(&c, 't') || sign(&c, ' ')) ||
                        !clock_time(&c, &time) || !zone(&c, &offset)))
        return false;
    *seconds = 86400 * days + time - offset;
    /* an offset may lead out of the years that can be written */
    return c.s == c.end && *seconds >= FIRST_SECOND && *seconds < BEHIND_LAST;
}

/* ---- writing ---- */

/* The date of a day since 1970-01-01: days_from the other way (Hinnant). */
static void date_of(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int of_era = (int)(z - era * 146097);
    int years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * years + years / 4 - years / 100), m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = years + (int)era * 400 + (*month <= 2);
}

/* The fewest digits that read back as the same time: those of a nanosecond do, since a double that is
 * too coarse for them has fewer. */
static void add_fraction(char *buf, size_t at, double part, double seconds)
{
    enum { MOST = 9 };
    for (int digits = 1; digits <= MOST; digits++) {
        char text[MOST + 4];
        double back;
        snprintf(text, sizeof text, "%.*f", digits, part);
        int n = snprintf(buf + at, API_DATETIME_SIZE - at, "%sZ", text + 1);
        if (*text == '0' && api_datetime_read(buf, at + (size_t)n, &back) && back == seconds)
            return;
    }
}

const char *api_datetime_write(double seconds, char buf[API_DATETIME_SIZE])
{
    double days = floor(seconds / 86400), rest = seconds - 86400 * days, whole = floor(rest);
    int year, month, day, s = (int)whole;
    if (fabs(days) > 1e7) /* none that was read */
        return api_number_format(seconds, buf);
    date_of((int64_t)days, &year, &month, &day);
    int n = snprintf(buf, API_DATETIME_SIZE, "%04d-%02d-%02d", year, month, day);
    if (rest == 0)
        return buf;
    n += snprintf(buf + n, API_DATETIME_SIZE - (size_t)n, "T%02d:%02d:%02dZ", s / 3600, s / 60 % 60,
                  s % 60);
    if (rest > whole)
        add_fraction(buf, (size_t)n - 1, rest - whole, seconds);
    return buf;
}
