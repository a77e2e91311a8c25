/* srv_token_file: lines, checked one by one, into a sorted list. */
#include "srv_token_file.h"

#include "api_text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE = 1024 };

typedef struct entry {
    srv_token token;
    char hash[SRV_SHA256_SIZE];
    char name[API_TOKEN_NAME + 1]; /* longer ones are cut off */
    size_t line;
} entry;

typedef struct entries {
    entry *list; /* owned; sorted by id */
    size_t count;
} entries;

struct srv_token_file {
    const char *path;
    pthread_mutex_t lock; /* guards all */
    entries all;
};

/* Who can write to it lets in whom they like. */
static bool check_owner(int fd, const char *path, api_problem *p)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return api_problem_set(p, API_INTERNAL, "can't read %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return api_problem_set(p, API_INTERNAL, "%s is no regular file", path);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return api_problem_set(p, API_INTERNAL,
                               "others may write to %s (its mode is %03o): chmod go-w it", path,
                               (unsigned)st.st_mode & 0777);
    return st.st_uid == 0 || st.st_uid == geteuid() ||
           api_problem_set(p, API_INTERNAL, "%s belongs to another user, who may write to it", path);
}

static bool is_hash(const char *text)
{
    return strlen(text) == SRV_SHA256_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == SRV_SHA256_SIZE - 1;
}

/* Why the line is none; NULL when it is. An entry without id is an empty line's. */
static const char *read_line(char *text, entry *e)
{
    static const char blanks[] = " \t\r\n";
    char *rest = NULL, *word[4];
    api_problem ignored = {0};
    *e = (entry){.line = 0};
    for (int i = 0; i < 4; i++) {
        word[i] = strtok_r(i ? NULL : text, blanks, &rest);
        if (i == 0 && (!word[0] || *word[0] == '#'))
            return NULL;
        if (!word[i])
            return "it has to be ID TENANT SCOPE SHA-256 [NAME]";
    }
    if (!srv_token_is_id(word[0]))
        return "its first word is no token's id: gdt_ and 20 letters and digits (not the whole "
               "token)";
    if (!srv_tenant_check(word[1], &ignored))
        return "its second word is no tenant's name";
    if (!srv_scope_named(word[2], &e->token.scope))
        return "its third word is no scope: read, write or admin";
    if (!is_hash(word[3]))
        return "its fourth word is no SHA-256: 64 hexadecimal digits in lower case";
    snprintf(e->token.id, sizeof e->token.id, "%s", word[0]);
    snprintf(e->token.tenant, sizeof e->token.tenant, "%s", word[1]);
    snprintf(e->hash, sizeof e->hash, "%s", word[3]);
    rest += strspn(rest, blanks);
    snprintf(e->name, sizeof e->name, "%.*s", (int)strcspn(rest, "\r\n"), rest);
    api_utf8_clean(e->name);
    return NULL;
}

static bool add(entries *all, const entry *e, api_problem *p)
{
    if ((all->count & (all->count - 1)) == 0) { /* a power of 2, or none */
        entry *list = realloc(all->list, (all->count ? 2 * all->count : 1) * sizeof *list);
        if (!list)
            return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the tokens");
        all->list = list;
    }
    all->list[all->count++] = *e;
    return true;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->token.id, ((const entry *)b)->token.id);
}

static bool check_twice(const entries *all, const char *path, api_problem *p)
{
    for (size_t i = 1; i < all->count; i++) {
        const entry *a = &all->list[i - 1], *b = &all->list[i];
        if (by_id(a, b) == 0)
            return api_problem_set(p, API_INTERNAL, "%s, line %zu: the token %s is in line %zu too",
                                   path, a->line > b->line ? a->line : b->line, a->token.id,
                                   a->line > b->line ? b->line : a->line);
    }
    return true;
}

static bool read_lines(FILE *from, const char *path, entries *all, api_problem *p)
{
    char text[LINE];
    for (size_t line = 1; fgets(text, sizeof text, from); line++) {
        entry e;
        bool cut = !strchr(text, '\n') && !feof(from);
        const char *why = cut ? "it is longer than 1000 characters" : read_line(text, &e);
        if (why)
            return api_problem_set(p, API_INTERNAL, "%s, line %zu: %s", path, line, why);
        e.line = line;
        if (*e.token.id && !add(all, &e, p))
            return false;
    }
    return !ferror(from) ||
           api_problem_set(p, API_INTERNAL, "can't read %s: %s", path, strerror(errno));
}

static bool read_all(const char *path, entries *all, api_problem *p)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *from = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (!from) {
        api_problem_set(p, API_INTERNAL, "can't open %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = check_owner(fd, path, p) && read_lines(from, path, all, p);
    fclose(from);
    if (ok && all->count)
        qsort(all->list, all->count, sizeof *all->list, by_id);
    return ok && check_twice(all, path, p);
}

srv_token_file *srv_token_file_open(const char *path, api_problem *p)
{
    srv_token_file *f = calloc(1, sizeof *f);
    if (!f) {
        api_problem_set(p, API_UNAVAILABLE, "not enough memory for the tokens");
        return NULL;
    }
    f->path = path;
    pthread_mutex_init(&f->lock, NULL);
    if (srv_token_file_reload(f, p))
        return f;
    srv_token_file_close(f);
    return NULL;
}

void srv_token_file_close(srv_token_file *f)
{
    if (!f)
        return;
    free(f->all.list);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

bool srv_token_file_reload(srv_token_file *f, api_problem *p)
{
    entries all = {0};
    if (!read_all(f->path, &all, p)) {
        free(all.list);
        return false;
    }
    pthread_mutex_lock(&f->lock);
    free(f->all.list);
    f->all = all;
    pthread_mutex_unlock(&f->lock);
    return true;
}

bool srv_token_file_find(srv_token_file *f, srv_token *out, char hash[SRV_SHA256_SIZE])
{
    entry wanted = {.token = *out};
    pthread_mutex_lock(&f->lock);
    const entry *e = f->all.count ? bsearch(&wanted, f->all.list, f->all.count, sizeof wanted, by_id)
                                  : NULL;
    if (e) {
        *out = e->token;
        memcpy(hash, e->hash, SRV_SHA256_SIZE);
    }
    pthread_mutex_unlock(&f->lock);
    return e != NULL;
}

bool srv_token_file_has(srv_token_file *f, const char *id, const char *tenant)
{
    srv_token t = {.id = ""};
    char hash[SRV_SHA256_SIZE];
    snprintf(t.id, sizeof t.id, "%s", id);
    return f && srv_token_file_find(f, &t, hash) && strcmp(t.tenant, tenant) == 0;
}

static void encode(cJSON *list, const entry *e)
{
    const api_token_view view = {.id = e->token.id,
                                 .name = e->name,
                                 .scope = srv_scope_name(e->token.scope),
                                 .of_file = true};
    api_token_encode(api_doc_append_object(list), &view);
}

uint64_t srv_token_file_list(srv_token_file *f, const char *tenant, uint64_t below, uint64_t most,
                             uint64_t *last, cJSON *list)
{
    uint64_t count = 0, number = 0;
    if (!f)
        return 0;
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->all.count; i++)
        number += strcmp(f->all.list[i].token.tenant, tenant) == 0;
    for (size_t i = f->all.count; i-- > 0;) {
        if (strcmp(f->all.list[i].token.tenant, tenant) != 0 || --number >= below)
            continue;
        if (count++ >= most)
            continue;
        encode(list, &f->all.list[i]);
        *last = number;
    }
    pthread_mutex_unlock(&f->lock);
    return count;
}
