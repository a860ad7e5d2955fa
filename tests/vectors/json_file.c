#include "tests/vectors/json_file.h"

#include "core/base/json.h"
#include "core/base/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All of a file, in memory that the caller frees; of one over the limit, a byte more than it. */
static enum nx_status load(FILE *file, uint8_t **bytes, size_t *len, struct nx_why *why)
{
    size_t cap = 0;

    do {
        if (*len == cap) {
            cap = cap == 0 ? 65536 : 2 * cap;
            if (cap > JSON_FILE_LEN_MAX)
                cap = JSON_FILE_LEN_MAX + 1;
            uint8_t *grown = realloc(*bytes, cap);

            if (grown == NULL)
                return NX_E_NO_MEMORY;
            *bytes = grown;
        }
        *len += fread(*bytes + *len, 1, cap - *len, file);
    } while (!feof(file) && !ferror(file) && *len <= JSON_FILE_LEN_MAX);

    if (!ferror(file))
        return NX_OK;
    nx_why_set(why, strerror(errno));
    return NX_E_IO;
}

static enum nx_status parse(struct nx_bytes text, struct nx_why *why)
{
    static const struct nx_json_limits limits = {
        .length_max = JSON_FILE_LEN_MAX,
        .depth_max = NX_JSON_DEPTH_MAX,
        .string_max = JSON_FILE_LEN_MAX,
        .member_count_max = UINT32_MAX,
        .allow_duplicate_keys = true,
    };
    /* A value takes a byte, and another for its comma, colon or bracket unless it is the last on its
     * level; so this many nodes are enough for any text. */
    size_t node_cap = text.len / 2 + NX_JSON_DEPTH_MAX + 1;
    struct nx_json_node *nodes = malloc(node_cap * sizeof(*nodes));
    struct nx_json json;

    if (nodes == NULL)
        return NX_E_NO_MEMORY;
    enum nx_status status = nx_json_parse(&json, text, nodes, (uint32_t)node_cap, &limits, why);
    free(nodes);
    return status;
}

enum nx_status json_file_check(const char *path, struct nx_why *why)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    size_t len = 0;

    if (file == NULL) {
        nx_why_set(why, strerror(errno));
        return NX_E_IO;
    }
    enum nx_status status = load(file, &bytes, &len, why);
    fclose(file);
    if (status == NX_OK)
        status = parse(nx_bytes_of(bytes, len), why);
    free(bytes);
    if (status == NX_E_NO_MEMORY)
        nx_why_set(why, nx_status_text(status));
    return status;
}
