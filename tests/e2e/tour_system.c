/* The tour of the process itself, and of tokens, where access control is on. */
#include "tour.h"

#include <signal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tour_system(void)
{
    see("GET", "/v1/usage", "", "", NULL, NULL, 200);
    static const char *const paths[] = {"/healthz", "/readyz", "/v1", "/v1/capabilities",
                                        "/openapi.json"};
    for (size_t i = 0; i < COUNT(paths); i++)
        see("GET", paths[i], "", "", NULL, NULL, 200);
    /* any operation refuses a parameter that it does not know */
    e2e_reply index = e2e_get(server, "/v1");
    const cJSON *route;
    cJSON_ArrayForEach (route, e2e_at(index.json, "routes"))
        see(e2e_string(route, "method"), e2e_string(route, "path"), "x", "?undocumented=1", NULL,
            NULL, 400);
    e2e_reply_free(&index);
}

/* Of a server with access control; the first token comes from the command line. */
void tour_tokens(void)
{
    static const char path[] = "/v1/tokens", one[] = "/v1/tokens/{id}";
    char line[1200], file[300], token[160] = "Authorization: Bearer ", id[32],
        *large = malloc(70001);
    const char *const with_auth[] = {"--auth", "on", "--token-file", file, NULL};
    see("POST", path, "", "", JSON_TYPE, "{\"scope\": \"read\"}", 403);
    see("GET", path, "", "", NULL, NULL, 403);
    see("DELETE", one, "gdt_00000000000000000000", "", NULL, NULL, 403);
    e2e_server *open = server;
    server = e2e_start(NULL);
    e2e_end(server, SIGTERM);
    snprintf(file, sizeof file, "%s.tokens", server->dir);
    snprintf(line, sizeof line,
             DESCENTD " token line acme read | tail -1 > %s && " DESCENTD
                      " --data-dir %s token create acme admin",
             file, server->dir);
    FILE *f = popen(line, "r");
    ck_assert_ptr_nonnull(fgets(token + strlen(token), 80, f));
    ck_assert_int_eq(pclose(f), 0);
    token[strcspn(token, "\n")] = '\0';
    bearer = token;
    e2e_restart(server, with_auth);
    keep(ask("GET", path, "", "", NULL, NULL, 200), "tokens.0.id", id);
    see("DELETE", one, id, "", NULL, NULL, 409);
    remove(file);
    keep(ask("POST", path, "", "", JSON_TYPE, "{\"scope\": \"read\", \"name\": \"n\"}", 201), "id",
         id);
    see("POST", path, "", "", JSON_TYPE, "{\"scope\": \"all\"}", 422);
    see("POST", path, "", "", CSV_TYPE, "read", 415);
    memset(large, ' ', 70000);
    large[70000] = '\0';
    see("POST", path, "", "", JSON_TYPE, large, 413);
    free(large);
    see("DELETE", one, id, "", NULL, NULL, 204);
    see("DELETE", one, "gdt_00000000000000000000", "", NULL, NULL, 404);
    see("GET", path, "", "", NULL, NULL, 200);
    see("GET", path, "", "?limit=1", NULL, NULL, 200);
    bearer = NULL;
    e2e_stop(server);
    server = open;
}
