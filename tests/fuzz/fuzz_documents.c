/* The documents beside jobs and sweeps: changes of a job, evaluations, updates of a model, and what
 * is stored of how columns are prepared. The first byte tells which; what is accepted is sound, and
 * written and read again the same; what is refused says why. */
#include "fuzz.h"

#include "api_change.h"
#include "api_evaluation.h"
#include "api_preparation.h"
#include "api_update.h"

static void check_change(const char *text, size_t n)
{
    api_change c, again;
    api_problem p = {0};
    if (!api_change_decode(text, n, &c, &p)) {
        check_problem(&p);
        return;
    }
    RULE(isnan(c.learning_rate) || (isfinite(c.learning_rate) && c.learning_rate > 0));
    RULE(isnan(c.tol) || (c.tol >= 0 && c.tol < 1));
    cJSON *o = cJSON_CreateObject();
    api_change_encode(o, &c);
    char *twice = api_doc_text(o);
    RULE(twice && api_change_decode(twice, strlen(twice), &again, &p));
    RULE(memcmp(&c.epochs, &again.epochs, sizeof c.epochs) == 0);
    RULE(c.tol == again.tol || (isnan(c.tol) && isnan(again.tol)));
    free(twice);
    cJSON_Delete(o);
}

static void check_evaluation(const char *text, size_t n)
{
    api_evaluation e;
    api_problem p = {0};
    if (api_evaluation_decode(text, n, &e, &p)) {
        RULE(e.dataset_start <= e.dataset_end && e.dataset_end <= n);
        RULE((e.dataset_id != NULL) + (e.dataset_end > 0) + e.on_training + e.on_validation == 1);
    } else {
        check_problem(&p);
    }
    api_evaluation_free(&e);
}

static void check_update(const char *text, size_t n)
{
    static const char trained[] = "{\"dataset_id\": \"ds_1\", \"optimizer\": \"adam\"}";
    api_problem p = {0};
    cJSON *settings = api_update_extract(text, n, &p);
    if (!settings) {
        check_problem(&p);
        return;
    }
    api_job job;
    api_update u;
    RULE(api_job_decode(trained, sizeof trained - 1, &job, &p));
    if (api_update_decode(settings, &job, &u, &p)) {
        char *state = api_update_optimizer(&u);
        RULE(state && u.job.spec.batch_size > 0);
        free(state);
    } else {
        check_problem(&p);
    }
    api_update_free(&u);
    api_job_free(&job);
    cJSON_Delete(settings);
}

static void check_preparation(const char *text)
{
    api_preparation a, b;
    api_problem p = {0};
    cJSON *doc = cJSON_Parse(text);
    cJSON_Delete(doc);
    if (!doc) /* which is never stored */
        return;
    if (!api_preparation_decode(text, &a, &p)) {
        check_problem(&p);
        api_preparation_free(&a);
        return;
    }
    char *stored = api_doc_take_text(api_preparation_encode(&a)), *twice;
    RULE(stored && a.cols > 0 && gd_prepare_inputs(a.core) == a.cols);
    RULE(api_preparation_decode(stored, &b, &p));
    twice = api_doc_take_text(api_preparation_encode(&b));
    RULE(twice && strcmp(stored, twice) == 0);
    size_t out = gd_prepare_outputs(a.core), at;
    double *raw = calloc(a.cols, sizeof *raw), *row = calloc(out + 1, sizeof *row);
    RULE(raw && row);
    (void)gd_prepare_row(a.core, raw, row, &at);
    for (size_t i = 0; i < a.cols; i++)
        raw[i] = NAN;
    (void)gd_prepare_row(a.core, raw, row, &at);
    for (size_t i = 0; i < out && i < 50; i++) {
        char *name = api_preparation_name(&a, i);
        RULE(name && *name);
        free(name);
    }
    free(raw);
    free(row);
    free(stored);
    free(twice);
    api_preparation_free(&a);
    api_preparation_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    char *text = malloc(n);
    memcpy(text, data + 1, n - 1);
    text[n - 1] = '\0'; /* which only what is stored may count on */
    switch (*data % 4) {
    case 0: /* '0', '4', ... */
        check_change(text, n - 1);
        break;
    case 1:
        check_evaluation(text, n - 1);
        break;
    case 2:
        check_update(text, n - 1);
        break;
    default:
        check_preparation(text);
    }
    free(text);
    return 0;
}
