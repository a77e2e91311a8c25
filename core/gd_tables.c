/* gd_tables: the tables of optimizers, costs and models, made from each folder's
 * list.h, and the look-up by name. Never linker sections: from a static archive an
 * unreferenced member would vanish silently; a row without its file fails to link. */
#include "gd_cost.h"
#include "gd_model.h"
#include "gd_optimizer.h"
#include "gd_schedule.h"

#include <string.h>

#define X(name) extern const gd_optimizer gd_optimizer_##name;
#include "optimizers/list.h"
#undef X
#define X(name) extern const gd_schedule gd_schedule_##name;
#include "schedules/list.h"
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

const gd_schedule *const gd_schedules[] = {
#define X(name) &gd_schedule_##name,
#include "schedules/list.h"
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

#define FAMILY(type)                                                                               \
    const size_t type##s_count = sizeof type##s / sizeof type##s[0];                               \
    const type *type##_find(const char *name)                                                      \
    {                                                                                              \
        for (size_t i = 0; i < type##s_count; i++)                                                 \
            if (strcmp(type##s[i]->name, name) == 0 ||                                             \
                (type##s[i]->alias && strcmp(type##s[i]->alias, name) == 0))                       \
                return type##s[i];                                                                 \
        return NULL;                                                                               \
    }

FAMILY(gd_optimizer)
FAMILY(gd_schedule)
FAMILY(gd_cost)
FAMILY(gd_model)
