/* oom: the k-th allocation fails, for every k.
 *
 * The linker puts these functions in the place of malloc and friends (-Wl,--wrap), cJSON gets
 * them by cJSON_InitHooks. Check, which is a static library, gets them too: so they count and
 * fail only between watch and unwatch, where nothing of Check is called.
 */
#include "oom.h"

#include <stdarg.h>

#include <stdarg.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *s);

static bool watching, for_good; /* for_good: all after the k-th fail too */
static long fail_at;            /* the allocation that fails, counted from 1; 0: none */
static long allocations;        /* asked for since watching began */
static long live;               /* blocks taken and not given back, while watching */

static void watch(long k, bool all_after)
{
    fail_at = k;
    for_good = all_after;
    allocations = live = 0;
    watching = true;
}

static bool refuse(void)
{
    if (!watching)
        return false;
    allocations++;
    return fail_at && (for_good ? allocations >= fail_at : allocations == fail_at);
}

static void *count(void *block)
{
    live += watching && block != NULL;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refuse() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (refuse())
        return NULL;
    return old ? __real_realloc(old, size) : count(__real_malloc(size));
}

void __wrap_free(void *block)
{
    live -= watching && block != NULL;
    __real_free(block);
}

char *__wrap_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = __wrap_malloc(n);
    return copy ? memcpy(copy, s, n) : NULL;
}

void note(outcome *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    o->len += (size_t)vsnprintf(o->text + o->len, sizeof o->text - o->len, fmt, ap);
    va_end(ap);
}

void note_text(outcome *o, char *text)
{
    if (text)
        note(o, "%s\n", text);
    else
        api_problem_set(&o->p, API_UNAVAILABLE, "no text");
    free(text);
}

void note_digest(outcome *o, char *text)
{
    uint64_t hash = 1469598103934665603u;
    for (const char *c = text; c && *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    if (text)
        note(o, "%zu %" PRIx64, strlen(text), hash);
    else
        api_problem_set(&o->p, API_UNAVAILABLE, "no text");
    free(text);
}

static const oom_operation *operations;

/* Runs it with the k-th allocation failing; says how many were asked for. */
static long run(int which, long k, bool all_after, outcome *o)
{
    memset(o, 0, sizeof *o);
    watch(k, all_after);
    operations[which].run(o);
    watching = false;
    ck_assert_uint_lt(o->len, sizeof o->text);
    ck_assert_msg(live == 0, "%s, k = %ld: %ld blocks are lost", operations[which].name, k, live);
    return allocations;
}

/* Of a bad request fewer mistakes may be told, but no others. */
static bool tells_no_more(const api_problem *less, const api_problem *all)
{
    bool fine = less->code == all->code && strcmp(less->detail, all->detail) == 0;
    for (size_t i = 0; fine && i < less->errors_count; i++)
        fine = says(all, less->errors[i].field, less->errors[i].message);
    return fine && (less->errors_count > 0 || all->errors_count == 0);
}

START_TEST(every_allocation_may_fail)
{
    static outcome whole, o;
    const char *name = operations[_i / 2].name;
    bool all_after = _i % 2;
    long total = run(_i / 2, 0, false, &whole), failed = 0, tried = 0;
    ck_assert_msg(whole.p.code == API_NO_PROBLEM || strstr(name, "mistakes"), "%s: %s", name,
                  problem_text(&whole.p));
    ck_assert_msg(whole.len > 0 || strstr(name, "mistakes"), "%s does nothing", name);
    ck_assert_int_gt(total, 0);
    /* of very many, the first and the last, and some between */
    long step = total / 1500 + 1;
    for (long k = 1; k <= total; k += k < 200 || k + step > total - 200 ? 1 : step) {
        run(_i / 2, k, all_after, &o);
        tried++;
        if (o.p.code == API_UNAVAILABLE) {
            failed++;
            continue;
        }
        ck_assert_msg(tells_no_more(&o.p, &whole.p), "%s, k = %ld of %ld: %s", name, k, total,
                      problem_text(&o.p));
        ck_assert_msg(strcmp(o.text, whole.text) == 0, "%s, k = %ld of %ld: %s\nnot\n%s", name, k,
                      total, o.text, whole.text);
    }
    ck_assert_msg(failed > tried / 2, "%s: only %ld of %ld failures are told", name, failed, tried);
    run(_i / 2, 0, false, &o); /* and it works the next time */
    ck_assert_str_eq(o.text, whole.text);
}
END_TEST

int oom_main(const oom_operation *list, size_t n, const char *suite)
{
    operations = list;
    cJSON_Hooks hooks = {__wrap_malloc, __wrap_free};
    cJSON_InitHooks(&hooks);
    TCase *tc = tcase_create("oom");
    tcase_add_loop_test(tc, every_allocation_may_fail, 0, 2 * (int)n);
    return run_tests(tc, suite);
}
