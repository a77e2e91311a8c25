/* api_json_private: the state of the JSON reader, shared by its machine (api_json.c) and its loops
 * over bulk numbers (api_json_bulk.c). */
#ifndef API_JSON_PRIVATE_H
#define API_JSON_PRIVATE_H

#include "api_json.h"
#include "api_text.h"

typedef enum api_json_state {
    BEFORE_VALUE,         /* a value must come */
    BEFORE_FIRST_ELEMENT, /* a value or ] */
    BEFORE_FIRST_KEY,     /* a key or } */
    BEFORE_KEY,           /* a key */
    BEFORE_COLON,
    AFTER_VALUE, /* , or ] or } */
    IN_STRING,
    IN_ESCAPE,
    IN_NUMBER,
    IN_WORD,
    AFTER_DOCUMENT, /* of one line: before the next */
} api_json_state;

struct api_json {
    api_json_handler *handler;
    void *ctx;
    api_json_state state;
    bool key;         /* the string being read is a key */
    bool lines;       /* a document a line */
    uint64_t objects; /* a bit a level: 1 for objects, 0 for arrays */
    size_t depth;
    api_text token;        /* bytes of the token so far; strings decoded */
    unsigned escape_len;   /* characters of the escape read so far */
    unsigned escape_value; /* of \u so far */
    unsigned surrogate;    /* a high surrogate that waits for its low one */
    uint64_t offset, line, line_start, token_start;
    api_json_bulk *bulk; /* NULL: no bulk numbers here */
    size_t bulk_depth;   /* of the elements of its array */
};

/* Reads on as far as bulk numbers go, between two tokens; *s is moved on and the state of j with
 * it, to a place from which the machine can go on. Moves nothing where it does not know its way.
 * False when the buffer's owner stops, with the reason in p. */
bool api_json_run(api_json *j, const char **s, const char *end, api_problem *p);

#endif
