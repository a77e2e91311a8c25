/* api_ranking: names of metrics, and the order they give. */
#include "api_ranking.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "validation_";
enum { PREFIX = sizeof prefix - 1, MOST = 2 * 32 };

static const gd_metric_kind *kind_of(const char *name)
{
    for (size_t i = 0; i < gd_metric_kinds_count; i++)
        if (strcmp(gd_metric_kinds[i].name, name) == 0)
            return &gd_metric_kinds[i];
    return NULL;
}

static bool unknown(const char *text, const char *field, api_problem *p)
{
    char made[MOST][API_METRIC_SIZE], known[320] = "";
    const char *names[MOST];
    size_t n = 0, at = 0;
    for (size_t i = 0; i <= gd_metric_kinds_count && n + 2 <= MOST; i++) {
        const char *name = i ? gd_metric_kinds[i - 1].name : "cost";
        snprintf(made[n], sizeof made[n], "%s", name);
        snprintf(made[n + 1], sizeof made[n + 1], "%s%s", prefix, name);
        names[n] = made[n];
        names[n + 1] = made[n + 1];
        n += 2;
        if (at < sizeof known)
            at += (size_t)snprintf(known + at, sizeof known - at, "%s\"%s\"", i ? ", " : "", name);
    }
    const char *near = api_nearest(text, names, n);
    return api_problem_field(p, field,
                             "must be one of %s, on the rows validated on after \"%s\", got "
                             "\"%.40s\"%s%s%s",
                             known, prefix, text, near ? "; did you mean \"" : "", near ? near : "",
                             near ? "\"?" : "");
}

bool api_metric_find(const char *text, const char *field, api_metric *out, api_problem *p)
{
    bool validation = strncmp(text, prefix, PREFIX) == 0;
    const char *name = text + (validation ? PREFIX : 0);
    const gd_metric_kind *kind = kind_of(name);
    if (!kind && strcmp(name, "cost") != 0)
        return unknown(text, field, p);
    *out = (api_metric){.name = kind ? kind->name : "cost", .kind = kind, .validation = validation};
    snprintf(out->text, sizeof out->text, "%s", text);
    return true;
}

bool api_metric_higher(const api_metric *m)
{
    return m->kind && m->kind->higher;
}

/* ---- ranking ---- */

/* Those with a value, those that ended without, those that have not ended. */
static int group(const api_ranked *r)
{
    return !r->ended ? 2 : isnan(r->value) ? 1 : 0;
}

/* Values are turned by api_rank so that less is better. */
static int compare(const void *a_, const void *b_)
{
    const api_ranked *a = a_, *b = b_;
    int ga = group(a), gb = group(b);
    if (ga != gb)
        return ga - gb;
    if (ga == 0 && a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static void turn(api_ranked *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        list[i].value = -list[i].value;
}

void api_rank(api_ranked *list, size_t count, bool higher)
{
    if (higher)
        turn(list, count);
    if (count)
        qsort(list, count, sizeof *list, compare);
    for (size_t i = 0; i < count; i++) {
        const api_ranked *before = i ? &list[i - 1] : NULL;
        bool same = before && group(before) == group(&list[i]) &&
                    (isnan(list[i].value) || before->value == list[i].value);
        list[i].rank = group(&list[i]) == 2 ? 0 : same ? before->rank : i + 1;
    }
    if (higher)
        turn(list, count);
}
