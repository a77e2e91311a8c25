/* api_sweep: reading a request, and what is said of a sweep and its children. */
#include "api_sweep.h"

#include "api_fields.h"
#include "api_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(api_problem *p)
{
    return api_problem_set(p, API_UNAVAILABLE, "not enough memory for the sweep");
}

static bool wrong(const cJSON *value, const char *field, const char *expected, api_problem *p)
{
    char got[80];
    return api_problem_field(p, field, "must be %s, got %s", expected,
                             api_value_text(value, got, sizeof got));
}

/* ---- the scalar members ---- */

static const gd_param sweep_params[] = {
    {.name = "skip_invalid",
     .kind = GD_BOOLEAN,
     .offset = offsetof(api_sweep, skip_invalid),
     .doc = "leave out combinations that make no sense, rather than refuse them all"},
};

static const gd_param random_params[] = {
    {.name = "n",
     .kind = GD_INTEGER,
     .offset = offsetof(api_sweep, n),
     .def = 10,
     .min = 1,
     .max = API_MAX_CHILDREN,
     .doc = "children to draw"},
    {.name = "seed",
     .kind = GD_INTEGER,
     .offset = offsetof(api_sweep, seed),
     .def = 0,
     .min = 0,
     .max = 9007199254740991,
     .doc = "the same seed gives the same children"},
};

static const gd_param test_params[] = {
    {.name = "start",
     .kind = GD_NUMBER,
     .offset = offsetof(api_range_test, start),
     .def = 1e-7,
     .min = 1e-12,
     .max = 1e6,
     .doc = "the first rate, as a share of learning_rate"},
    {.name = "end",
     .kind = GD_NUMBER,
     .offset = offsetof(api_range_test, end),
     .def = 10,
     .min = 1e-12,
     .max = 1e6,
     .doc = "the last rate, as a share of learning_rate"},
    {.name = "epochs",
     .kind = GD_INTEGER,
     .offset = offsetof(api_range_test, epochs),
     .def = 100,
     .min = 3,
     .max = API_MAX_TEST_EPOCHS,
     .doc = "rates to try, an epoch each"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const gd_param *find_row(const gd_param *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* ---- what is varied ---- */

/* Is it one that all children share? */
static bool is_fixed(const char *path)
{
    static const char *const fixed[] = {"dataset", "dataset_id", "name", "compat"};
    for (size_t i = 0; i < COUNT(fixed); i++)
        if (strcmp(path, fixed[i]) == 0)
            return true;
    return false;
}

/* Is it one that a range test sets itself? */
static bool is_of_test(const char *path)
{
    static const char *const own[] = {"learning_rate", "schedule", "epochs", "history_points",
                                      "patience"};
    for (size_t i = 0; i < COUNT(own); i++) {
        size_t n = strlen(own[i]);
        if (strncmp(path, own[i], n) == 0 && (!path[n] || path[n] == '.'))
            return true;
    }
    return false;
}

/* "grid.l2"; a name that is too long is cut. */
static const char *field_name(const api_sweep *s, const char *path, const char *rest, char buf[96])
{
    snprintf(buf, 96, "%s.%.40s%.40s", s->random ? "random.fields" : "grid", path, rest);
    return buf;
}

static bool decode_values(const api_sweep *s, api_sweep_field *f, const cJSON *value,
                          const char *rest, api_problem *p)
{
    char name[96];
    field_name(s, f->path, rest, name);
    if (!value)
        return api_problem_field(p, name, "is missing: an array of values to try");
    if (cJSON_IsArray(value) && !value->child)
        return api_problem_field(p, name, "is empty: give a value to try at least");
    if (!cJSON_IsArray(value))
        return wrong(value, name, "an array of values to try", p);
    f->values = value;
    return true;
}

static bool decode_end(const api_sweep *s, const api_sweep_field *f, const cJSON *o,
                       const char *which, double *out, api_problem *p)
{
    char name[96], rest[16];
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(o, which);
    snprintf(rest, sizeof rest, ".%s", which);
    field_name(s, f->path, rest, name);
    if (!value)
        return api_problem_field(p, name, "is missing");
    if (!cJSON_IsNumber(value) || !isfinite(value->valuedouble))
        return wrong(value, name, "a finite number", p);
    *out = value->valuedouble;
    if (f->log && *out <= 0)
        return wrong(value, name, "greater than 0 for log_uniform", p);
    if (f->whole && (*out != floor(*out) || fabs(*out) > 9007199254740991.0))
        return wrong(value, name, "a whole number for int", p);
    return true;
}

static bool decode_ends(const api_sweep *s, api_sweep_field *f, const cJSON *o, api_problem *p)
{
    char name[96];
    static const char *const known[] = {"distribution", "low", "high"};
    const cJSON *item;
    bool ok = decode_end(s, f, o, "low", &f->low, p);
    ok = decode_end(s, f, o, "high", &f->high, p) && ok;
    cJSON_ArrayForEach (item, o)
        if (strcmp(item->string, known[0]) != 0 && strcmp(item->string, known[1]) != 0 &&
            strcmp(item->string, known[2]) != 0) {
            char rest[48];
            snprintf(rest, sizeof rest, ".%.40s", item->string);
            ok = api_problem_unknown(p, field_name(s, f->path, rest, name), known, 3);
        }
    if (ok && f->low > f->high)
        return api_problem_field(p, field_name(s, f->path, ".high", name), "is below low");
    if (ok && !isfinite(f->high - f->low))
        return api_problem_field(p, field_name(s, f->path, ".high", name), "is too far from low");
    if (ok && f->whole && f->high - f->low >= UINT32_MAX)
        return api_problem_field(p, field_name(s, f->path, ".high", name),
                                 "must be less than 4294967295 above low");
    return ok;
}

/* {"distribution": "log_uniform", "low": 1e-4, "high": 1} */
static bool decode_distribution(const api_sweep *s, api_sweep_field *f, const cJSON *o,
                                api_problem *p)
{
    char name[96];
    static const char *const kinds[] = {"uniform", "log_uniform", "int", "choice"};
    if (!cJSON_IsObject(o))
        return wrong(o, field_name(s, f->path, "", name),
                     "an object like {\"distribution\": \"log_uniform\", \"low\": 0.001, \"high\": "
                     "1} or {\"distribution\": \"choice\", \"values\": [...]}",
                     p);
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(o, "distribution");
    size_t i = 0;
    while (i < COUNT(kinds) && !(cJSON_IsString(kind) && strcmp(kind->valuestring, kinds[i]) == 0))
        i++;
    field_name(s, f->path, ".distribution", name);
    if (!kind)
        return api_problem_field(p, name, "is missing: uniform, log_uniform, int or choice");
    if (i == COUNT(kinds))
        return wrong(kind, name, "\"uniform\", \"log_uniform\", \"int\" or \"choice\"", p);
    f->log = i == 1;
    f->whole = i == 2;
    if (i < 3)
        return decode_ends(s, f, o, p);
    static const char *const known[] = {"distribution", "values"};
    const cJSON *item, *values = cJSON_GetObjectItemCaseSensitive(o, "values");
    bool ok = decode_values(s, f, values, ".values", p);
    cJSON_ArrayForEach (item, o)
        if (strcmp(item->string, known[0]) != 0 && strcmp(item->string, known[1]) != 0) {
            char rest[48];
            snprintf(rest, sizeof rest, ".%.40s", item->string);
            ok = api_problem_unknown(p, field_name(s, f->path, rest, name), known, 2);
        }
    return ok;
}

static void decode_fields(api_sweep *s, const cJSON *fields, api_problem *p)
{
    const char *what = s->random ? "random.fields" : "grid";
    if (cJSON_IsObject(fields) && !fields->child) {
        api_problem_field(p, what, "is empty: name a field of the job and what to try for it");
        return;
    }
    if (!cJSON_IsObject(fields)) {
        wrong(fields, what, "an object of fields of the job and what to try for each", p);
        return;
    }
    s->fields = calloc((size_t)cJSON_GetArraySize(fields), sizeof *s->fields);
    if (!s->fields) {
        no_memory(p);
        return;
    }
    const cJSON *item;
    cJSON_ArrayForEach (item, fields) {
        char name[96];
        api_sweep_field *f = &s->fields[s->fields_count++];
        *f = (api_sweep_field){.path = item->string};
        if (is_fixed(f->path))
            api_problem_field(p, field_name(s, f->path, "", name),
                              "is shared by all children: it can't be varied");
        else if (s->finds && is_of_test(f->path))
            api_problem_field(p, field_name(s, f->path, "", name),
                              "is set by find_learning_rate: it can't be varied");
        else if (s->random)
            decode_distribution(s, f, item, p);
        else
            decode_values(s, f, item, "", p);
    }
}

static void decode_random(api_sweep *s, const cJSON *random, api_problem *p)
{
    static const char *const known[] = {"n", "seed", "fields"};
    const cJSON *item, *fields = NULL;
    if (!cJSON_IsObject(random)) {
        wrong(random, "random",
              "an object like {\"n\": 20, \"seed\": 1, \"fields\": {\"l2\": {...}}}", p);
        return;
    }
    cJSON_ArrayForEach (item, random) {
        const gd_param *row = find_row(random_params, COUNT(random_params), item->string);
        char name[96];
        snprintf(name, sizeof name, "random.%.80s", item->string);
        if (row)
            api_field_set(s, row, item, "random.", p);
        else if (strcmp(item->string, "fields") == 0)
            fields = item;
        else
            api_problem_unknown(p, name, known, COUNT(known));
    }
    if (fields)
        decode_fields(s, fields, p);
    else
        api_problem_field(p, "random.fields", "is missing: what to vary, and how");
}

static void decode_test(api_sweep *s, const cJSON *value, api_problem *p)
{
    gd_param_defaults(&s->test, test_params, COUNT(test_params));
    s->finds = cJSON_IsTrue(value) || cJSON_IsObject(value);
    if (!cJSON_IsBool(value) && !cJSON_IsObject(value))
        wrong(value, "find_learning_rate",
              "true, or an object like {\"start\": 1e-7, \"end\": 10, \"epochs\": 100}", p);
    const cJSON *item;
    for (item = cJSON_IsObject(value) ? value->child : NULL; item; item = item->next) {
        static const char *const known[] = {"start", "end", "epochs"};
        char name[96];
        const gd_param *row = find_row(test_params, COUNT(test_params), item->string);
        snprintf(name, sizeof name, "find_learning_rate.%.60s", item->string);
        if (row)
            api_field_set(&s->test, row, item, "find_learning_rate.", p);
        else
            api_problem_unknown(p, name, known, COUNT(known));
    }
    if (s->test.start >= s->test.end)
        api_problem_field(p, "find_learning_rate.end", "must be above start");
}

/* ---- how many ---- */

static void count_children(api_sweep *s, api_problem *p)
{
    double count = s->random ? (double)s->n : 1; /* a product may be beyond size_t */
    for (size_t f = 0; !s->random && f < s->fields_count; f++)
        if (s->fields[f].values)
            count *= cJSON_GetArraySize(s->fields[f].values);
    if (count > API_MAX_CHILDREN)
        api_problem_field(p, s->random ? "random.n" : "grid",
                          "makes %.0f children; at most %d are possible", count, API_MAX_CHILDREN);
    else if (s->finds && count * (double)s->test.epochs > API_MAX_HISTORY_PAGE)
        api_problem_field(p, "find_learning_rate.epochs",
                          "and %.0f children make %.0f points; at most %d are possible", count,
                          count * (double)s->test.epochs, API_MAX_HISTORY_PAGE);
    s->count = count <= API_MAX_CHILDREN ? (size_t)count : 0;
}

/* ---- the document ---- */

/* The dataset goes to a reader of its own: some id stands for it. */
static void decode_base(api_sweep *s, cJSON *job, bool has_data, api_problem *p)
{
    if (!cJSON_IsObject(job)) {
        if (job)
            wrong(job, "job", "an object, the job whose fields are varied", p);
        else
            api_problem_field(p, "job", "is missing: the job whose fields are varied");
        return;
    }
    s->base = job;
    bool has_id = cJSON_GetObjectItemCaseSensitive(job, "dataset_id") != NULL;
    if (has_data && has_id)
        api_problem_field(p, "job.dataset", "can't be given together with dataset_id");
    else if (!has_data && !has_id)
        api_problem_field(p, "job.dataset_id",
                          "is missing: the id of a dataset, or the data itself as \"dataset\"");
    if (!has_data)
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(job, "dataset");
    if (!has_id && !cJSON_AddStringToObject(job, "dataset_id", "inline"))
        no_memory(p);
}

static void decode_name(api_sweep *s, const cJSON *value, api_problem *p)
{
    const char *text = api_field_name(value, "name", p);
    if (!text)
        return;
    free(s->name);
    s->name = strdup(text);
    if (!s->name)
        no_memory(p);
}

static void decode_metric(api_sweep *s, const cJSON *value, api_problem *p)
{
    s->metric_given = true;
    if (!cJSON_IsString(value))
        wrong(value, "metric", "the name of a metric, like \"validation_r2\"", p);
    else
        api_metric_find(value->valuestring, "metric", &s->metric, p);
}

static void decode_members(api_sweep *s, bool has_data, api_problem *p)
{
    static const char *const names[] = {
        "name", "job", "grid", "random", "metric", "find_learning_rate", "skip_invalid"};
    const cJSON *item, *test = cJSON_GetObjectItemCaseSensitive(s->doc, "find_learning_rate"),
                       *grid = cJSON_GetObjectItemCaseSensitive(s->doc, "grid"),
                       *random = cJSON_GetObjectItemCaseSensitive(s->doc, "random");
    s->random = random != NULL;
    cJSON_ArrayForEach (item, s->doc) {
        const gd_param *row = find_row(sweep_params, COUNT(sweep_params), item->string);
        size_t i = 0;
        while (i < COUNT(names) && strcmp(names[i], item->string) != 0)
            i++;
        if (row)
            api_field_set(s, row, item, "", p);
        else if (i == 0)
            decode_name(s, item, p);
        else if (strcmp(item->string, "metric") == 0)
            decode_metric(s, item, p);
        else if (i == COUNT(names))
            api_problem_unknown(p, item->string, names, COUNT(names));
    }
    decode_base(s, cJSON_GetObjectItemCaseSensitive(s->doc, "job"), has_data, p);
    if (test)
        decode_test(s, test, p);
    if (grid && random)
        api_problem_field(p, "random", "can't be given together with grid");
    else if (random)
        decode_random(s, random, p);
    else if (grid)
        decode_fields(s, grid, p);
    else if (!s->finds)
        api_problem_field(p, "grid",
                          "is missing: give grid or random, or find_learning_rate to look for a "
                          "rate");
    if (s->finds && s->metric_given)
        api_problem_field(p, "metric", "ranks fits, and find_learning_rate makes none");
    if (p->code == API_NO_PROBLEM)
        count_children(s, p);
}

/* Where the job's dataset lies, if it is inline. False when the document is not valid. */
static bool find_dataset(const char *bytes, size_t n, api_sweep *s, api_problem *p)
{
    size_t start, end;
    if (!api_json_member(bytes, n, "job", &start, &end, p))
        return false;
    if (start == end || bytes[start] != '{')
        return true;
    if (!api_json_member(bytes + start, end - start, "dataset", &s->dataset_start, &s->dataset_end,
                         p))
        return false;
    if (s->dataset_end) {
        s->dataset_start += start;
        s->dataset_end += start;
    }
    return true;
}

bool api_sweep_decode(const char *bytes, size_t n, api_sweep *s, api_problem *p)
{
    *s = (api_sweep){0};
    gd_param_defaults(s, random_params, COUNT(random_params));
    s->name = strdup("");
    if (!s->name)
        return no_memory(p);
    if (!find_dataset(bytes, n, s, p))
        return false;
    size_t cut = s->dataset_end - s->dataset_start;
    if (n - cut > API_MAX_DOCUMENT)
        return api_problem_set(p, API_TOO_LARGE, "a sweep (without its dataset) may have %zu bytes",
                               API_MAX_DOCUMENT);
    char *control = malloc(n + 1);
    if (!control)
        return no_memory(p);
    /* A blank of the same shape keeps the dataset's place, so that places in errors stay right. */
    memcpy(control, bytes, n);
    for (size_t i = s->dataset_start; i < s->dataset_end; i++)
        if (control[i] != '\n')
            control[i] = i == s->dataset_start ? '0' : ' ';
    s->doc = api_doc_parse(control, n, p);
    free(control);
    if (s->doc)
        decode_members(s, cut != 0, p);
    return p->code == API_NO_PROBLEM;
}

void api_sweep_free(api_sweep *s)
{
    free(s->name);
    free(s->fields);
    cJSON_Delete(s->doc);
    *s = (api_sweep){0};
}
