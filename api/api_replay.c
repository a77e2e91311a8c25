/* api_replay: see api_replay.h. */
#include "api_replay.h"

#include <math.h>
#include <string.h>

/* ---- a spec in one form ---- */

/* Sorts the members of every object, by their names' bytes. */
static void sort(cJSON *o)
{
    cJSON *item, *sorted = NULL, **at;
    cJSON_ArrayForEach (item, o)
        sort(item);
    if (!o || !cJSON_IsObject(o))
        return;
    /* out one by one, into a list of our own by `next`, and back in order */
    while ((item = o->child)) {
        cJSON_DetachItemViaPointer(o, item);
        for (at = &sorted; *at && strcmp((*at)->string, item->string) < 0;)
            at = &(*at)->next;
        item->next = *at;
        *at = item;
    }
    while ((item = sorted)) {
        sorted = item->next;
        item->next = item->prev = NULL;
        cJSON_AddItemToArray(o, item); /* its name stays with it */
    }
}

char *api_canonical_spec(const char *spec, const cJSON *changes, double stopped_after)
{
    static const char *const beside[] = {"dataset_id", "validation_dataset_id", "start_from",
                                         "name",       "max_seconds",           "compat"};
    cJSON *o = cJSON_Parse(spec);
    for (size_t i = 0; o && i < sizeof beside / sizeof beside[0]; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(o, beside[i]);
    if (changes)
        api_doc_item(o, "changes", cJSON_Duplicate(changes, true));
    if (!isnan(stopped_after))
        api_doc_number(o, "stopped_after", stopped_after);
    sort(o);
    return o ? api_doc_take_text(o) : NULL;
}

/* ---- proofs ---- */

void api_inputs_encode(cJSON *o, const api_inputs *in, cJSON *build)
{
    api_doc_string(o, "data_sha256", in->data);
    api_doc_string(o, "validation_data_sha256", in->validation);
    api_doc_string(o, "start_sha256", in->start);
    api_doc_string(o, "spec_sha256", in->spec);
    api_doc_number(o, "seed", (double)in->seed);
    api_doc_number(o, "stopped_after", in->stopped_after);
    api_doc_item(o, "build", build);
}

bool api_stopped_after(const char *proof, uint64_t *epoch)
{
    cJSON *doc = proof ? cJSON_Parse(proof) : NULL;
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(doc, "stopped_after");
    bool stopped = cJSON_IsNumber(at);
    if (stopped)
        *epoch = (uint64_t)at->valuedouble;
    cJSON_Delete(doc);
    return stopped;
}

static bool same(const cJSON *a, const cJSON *b, const char *member)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(a, member),
                *y = cJSON_GetObjectItemCaseSensitive(b, member);
    return cJSON_IsString(x) && cJSON_IsString(y) && strcmp(x->valuestring, y->valuestring) == 0;
}

void api_replay_encode(cJSON *o, const char *of, const char *expected, const char *proof)
{
    static const char *const names[] = {"inputs_equal", "parameters_equal", "history_equal"};
    static const char *const hashes[] = {"inputs_sha256", "parameters_sha256", "history_sha256"};
    if (!of) {
        api_doc_null(o, "replay");
        return;
    }
    cJSON *a = expected ? cJSON_Parse(expected) : NULL, *b = proof ? cJSON_Parse(proof) : NULL;
    cJSON *r = api_doc_add_object(o, "replay");
    bool known = a && b, equal = true;
    for (size_t i = 1; known && i < 3; i++)
        equal = same(a, b, hashes[i]) && equal;
    api_doc_string(r, "of", of);
    if (known)
        api_doc_bool(r, "equal", equal);
    else
        api_doc_null(r, "equal");
    for (size_t i = 0; i < 3; i++)
        if (known)
            api_doc_bool(r, names[i], same(a, b, hashes[i]));
        else
            api_doc_null(r, names[i]);
    cJSON_Delete(a);
    cJSON_Delete(b);
}
