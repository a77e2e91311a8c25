/* srv_turns: a list of lines. Tenants are few, and jobs long beside a look at each. */
#include "srv_turns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARE = 7 }; /* running to free, at most */

struct srv_line {
    char tenant[SRV_TENANT_SIZE];
    bool alone; /* of a server without tokens: whoever asks is this tenant */
    srv_entry *first, **last;
    uint64_t running;
    uint64_t turn; /* the number of the job that it has begun last; 0: none yet */
    srv_line *next;
};

srv_entry *srv_entries_new(uint64_t count)
{
    srv_entry *first = NULL;
    while (count-- > 0) {
        srv_entry *e = calloc(1, sizeof *e);
        srv_line *line = calloc(1, sizeof *line);
        if (!e || !line) {
            free(e);
            free(line);
            srv_entries_free(first);
            return NULL;
        }
        e->line = line;
        e->next = first;
        first = e;
    }
    return first;
}

void srv_entries_free(srv_entry *e)
{
    while (e) {
        srv_entry *next = e->next;
        free(e->line);
        free(e);
        e = next;
    }
}

void srv_turns_free(srv_turns *t)
{
    while (t->lines) {
        srv_line *line = t->lines;
        t->lines = line->next;
        for (srv_entry *e = line->first, *next; e; e = next) {
            next = e->next;
            free(e);
        }
        free(line);
    }
}

/* The tenant's line, which `room` becomes if there is none yet. */
static srv_line *line_of(srv_turns *t, const char *tenant, srv_line *room)
{
    srv_line **at = &t->lines;
    while (*at && strcmp((*at)->tenant, tenant) != 0)
        at = &(*at)->next;
    if (*at) {
        free(room);
        return *at;
    }
    snprintf(room->tenant, sizeof room->tenant, "%s", tenant);
    room->alone = strcmp(tenant, SRV_EVERYBODY) == 0;
    room->last = &room->first;
    return *at = room;
}

void srv_turns_add(srv_turns *t, srv_entry *e, const char *tenant, const char *id)
{
    srv_line *line = e->line = line_of(t, tenant, e->line);
    snprintf(e->id, sizeof e->id, "%s", id);
    e->next = NULL;
    *line->last = e;
    line->last = &e->next;
    t->queued++;
}

static bool listed(const srv_entry *e, const char *id)
{
    while (e && strcmp(e->id, id) != 0)
        e = e->next;
    return e != NULL;
}

/* The first that may begin. */
static srv_entry **head_of(const srv_turns *t, srv_line *line)
{
    srv_entry **at = &line->first;
    while (*at && listed(t->running, (*at)->id))
        at = &(*at)->next;
    return at;
}

/* What is left of the workers is for others, in part. */
static bool may_have_more(const srv_turns *t, const srv_line *line)
{
    return t->workers == 0 || line->alone || line->running == 0 ||
           (t->running_count < t->workers && line->running < SHARE * (t->workers - t->running_count));
}

/* Lines that are level are taken in the order in which they came to be. */
static bool goes_before(const srv_line *a, const srv_line *b)
{
    return a->running != b->running ? a->running < b->running : a->turn < b->turn;
}

static srv_line *next_line(const srv_turns *t)
{
    srv_line *best = NULL;
    for (srv_line *line = t->lines; line; line = line->next)
        if ((!best || goes_before(line, best)) && may_have_more(t, line) && *head_of(t, line))
            best = line;
    return best;
}

static srv_entry *unlink_entry(srv_turns *t, srv_line *line, srv_entry **at)
{
    srv_entry *e = *at;
    *at = e->next;
    if (!*at)
        line->last = at;
    t->queued--;
    return e;
}

bool srv_turns_any(const srv_turns *t)
{
    return next_line(t) != NULL;
}

srv_entry *srv_turns_begin(srv_turns *t)
{
    srv_line *line = next_line(t);
    if (!line)
        return NULL;
    srv_entry *e = unlink_entry(t, line, head_of(t, line));
    line->running++;
    line->turn = ++t->begun;
    e->next = t->running;
    t->running = e;
    t->running_count++;
    return e;
}

void srv_turns_end(srv_turns *t, srv_entry *e)
{
    srv_entry **at = &t->running;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    t->running_count--;
    e->line->running--;
    e->line = NULL;
    e->next = NULL;
}

/* Where it is, and in which line; NULL when it is in none. */
static srv_entry **find(const srv_turns *t, const char *id, srv_line **line)
{
    for (*line = t->lines; *line; *line = (*line)->next)
        for (srv_entry **at = &(*line)->first; *at; at = &(*at)->next)
            if (strcmp((*at)->id, id) == 0)
                return at;
    return NULL;
}

srv_entry *srv_turns_take_out(srv_turns *t, const char *id)
{
    srv_line *line;
    srv_entry **at = find(t, id, &line), *e = at ? unlink_entry(t, line, at) : NULL;
    if (e) {
        e->line = NULL;
        e->next = NULL;
    }
    return e;
}

bool srv_turns_waits(const srv_turns *t, const char *id)
{
    srv_line *line;
    return find(t, id, &line) != NULL;
}
