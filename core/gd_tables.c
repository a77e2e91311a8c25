/* gd_tables: the tables of optimizers, costs and models, made from each folder's
 * list.h, and the look-up by name. Never linker sections: from a static archive an
 * unreferenced member would vanish silently; a row without its file fails to link. */
#include "gd_cost.h"
#include "gd_model.h"
#include "gd_optimizer.h"

#include <string.h>

#define X(name) extern const gd_optimizer gd_optimizer_##name;
#include "optimizers/list.h"
#undef X
#define X(name) extern const gd_cost gd_cost_##name;
#include "costs/list.h"
#undef X
#define X(name) extern const gd_model gd_model_##name;
#include "models/list.h"
#undef X

const gd_optimizer *const gd_optimizers[] = {
#define X(name) &gd_optimizer_##name,
#include "optimizers/list.h"
#undef X
};

const gd_cost *const gd_costs[] = {
#define X(name) &gd_cost_##name,
#include "costs/list.h"
#undef X
};

const gd_model *const gd_models[] = {
#define X(name) &gd_model_##name,
#include "models/list.h"
#undef X
};

#define FAMILY(type, table)                                                                        \
    const size_t table##_count = sizeof table / sizeof table[0];                                   \
    const type *type##_find(const char *name)                                                      \
    {                                                                                              \
        for (size_t i = 0; i < table##_count; i++)                                                 \
            if (strcmp(table[i]->name, name) == 0)                                                 \
                return table[i];                                                                   \
        return NULL;                                                                               \
    }

FAMILY(gd_optimizer, gd_optimizers)
FAMILY(gd_cost, gd_costs)
FAMILY(gd_model, gd_models)
