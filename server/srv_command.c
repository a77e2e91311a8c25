/* srv_command: the table, its words, and what they do. */
#include "srv_command.h"

#include "srv_backup.h"
#include "srv_quota.h"
#include "srv_token.h"

#include <stdio.h>
#include <string.h>

static bool backup(const srv_config *c, api_problem *p)
{
    return srv_backup(c->data_dir, c->operands[0], p) &&
           printf("backed up %s into %s\n", c->data_dir, c->operands[0]) > 0;
}

static bool restore(const srv_config *c, api_problem *p)
{
    return srv_restore(c->operands[0], c->data_dir, p) &&
           printf("restored %s from %s\n", c->data_dir, c->operands[0]) > 0;
}

static bool create_token(const srv_config *c, api_problem *p)
{
    return srv_token_create(c->data_dir, c->operands[0], c->operands[1],
                            c->operands_count > 2 ? c->operands[2] : "", stdout, p);
}

static bool print_line(const srv_config *c, api_problem *p)
{
    return srv_token_line(c->operands[0], c->operands[1],
                          c->operands_count > 2 ? c->operands[2] : "", stdout, p);
}

static bool list_tokens(const srv_config *c, api_problem *p)
{
    return srv_token_list(c->data_dir, stdout, p);
}

static bool revoke_token(const srv_config *c, api_problem *p)
{
    return srv_token_revoke(c->data_dir, c->operands[0], p);
}

static bool set_quota(const srv_config *c, api_problem *p)
{
    return srv_quota_set(c->data_dir, c->operands[0], c->operands[1], c->operands[2], p);
}

static bool clear_quota(const srv_config *c, api_problem *p)
{
    return srv_quota_clear(c->data_dir, c->operands[0],
                           c->operands_count > 1 ? c->operands[1] : NULL, p);
}

static bool list_quotas(const srv_config *c, api_problem *p)
{
    return srv_quota_list(c->data_dir, stdout, p);
}

static const struct srv_command {
    const char *word, *second; /* second: NULL for none */
    const char *operands, *doc;
    int least, most; /* operands */
    bool (*run)(const srv_config *c, api_problem *p);
} commands[] = {
    {"backup", NULL, "FILE", "all of the data directory in one file; a server may run", 1, 1,
     backup},
    {"restore", NULL, "FILE", "a new data directory of it", 1, 1, restore},
    {"token", "create", "TENANT SCOPE [NAME]", "prints a new token; SCOPE: read, write or admin", 2,
     3, create_token},
    {"token", "line", "TENANT SCOPE [NAME]", "prints a new token and its line for --token-file", 2, 3,
     print_line},
    {"token", "list", "", "all tokens but for their secrets", 0, 0, list_tokens},
    {"token", "revoke", "ID", "the token is worth nothing from now on", 1, 1, revoke_token},
    {"quota", "set", "TENANT NAME N", "a tenant's own, in place of the setting; 0: none", 3, 3,
     set_quota},
    {"quota", "clear", "TENANT [NAME]", "the setting holds again, of all or this one", 1, 2,
     clear_quota},
    {"quota", "list", "", "all quotas of tenants' own", 0, 0, list_quotas},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct srv_command *find(const char *word, const char *second)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].word, word) == 0 &&
            (!second || !commands[i].second || strcmp(commands[i].second, second) == 0))
            return &commands[i];
    return NULL;
}

bool srv_command_take(srv_config *c, const char *word, char *why, unsigned why_size)
{
    if (!c->word) {
        c->word = word;
        c->command = find(word, NULL);
        if (!c->command) {
            snprintf(why, why_size, "unknown command %.60s; see --help", word);
            return false;
        }
        if (c->command->second)
            c->command = NULL; /* the next word says which */
    } else if (!c->command) {
        c->command = find(c->word, word);
        if (!c->command) {
            snprintf(why, why_size, "unknown command %.60s %.60s; see --help", c->word, word);
            return false;
        }
    } else if (c->operands_count == c->command->most) {
        snprintf(why, why_size, "%.60s is one word too many; see --help", word);
        return false;
    } else {
        c->operands[c->operands_count++] = word;
    }
    return true;
}

bool srv_command_whole(const srv_config *c, char *why, unsigned why_size)
{
    if (!c->word || (c->command && c->operands_count >= c->command->least))
        return true;
    if (c->command)
        snprintf(why, why_size, "%s%s%s needs %s", c->word, c->command->second ? " " : "",
                 c->command->second ? c->command->second : "", c->command->operands);
    else
        snprintf(why, why_size, "%s needs a further word; see --help", c->word);
    return false;
}

int srv_command_run(const srv_config *c)
{
    api_problem p = {0};
    if (c->command->run(c, &p))
        return 0;
    fprintf(stderr, "descentd: %s\n", p.detail);
    return 1;
}

void srv_command_help(void)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s %s", commands[i].word, commands[i].second ? " " : "",
                 commands[i].second ? commands[i].second : "", commands[i].operands);
        printf("  descentd %-33s %s\n", left, commands[i].doc);
    }
    printf("\n");
}
