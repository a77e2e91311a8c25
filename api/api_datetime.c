/* api_datetime: ISO 8601 dates and times to seconds since 1970 (of api_types). */
#include "api_types.h"

#include <math.h>

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

static bool fraction(cursor *c, double *out)
{
    double v = 0, unit = 0.1;
    const char *begin = c->s;
    for (; c->s < c->end && *c->s >= '0' && *c->s <= '9'; c->s++, unit /= 10)
        v += unit * (*c->s - '0');
    *out = v;
    return c->s > begin;
}

static bool clock_time(cursor *c, double *seconds)
{
    int hour, minute, second = 0;
    double part = 0;
    if (!digits(c, 2, &hour) || !sign(c, ':') || !digits(c, 2, &minute))
        return false;
    if (sign(c, ':') && (!digits(c, 2, &second) ||
                         ((sign(c, '.') || sign(c, ',')) && !fraction(c, &part))))
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
    return c.s == c.end;
}
