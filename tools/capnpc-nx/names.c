#include "tools/capnpc-nx/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool put(struct name *out, size_t *len, char c)
{
    if (*len == NAME_MAX_LEN)
        return false;
    out->text[(*len)++] = c;
    out->text[*len] = '\0';
    return true;
}

/* A word begins at a capital behind a small letter or digit, and at the last of several capitals
 * when a small letter follows: RPCSystem is rpc_system. */
static bool begins_word(struct nx_bytes in, size_t i)
{
    if (i == 0 || !is_upper(in.ptr[i]))
        return false;
    if (is_lower(in.ptr[i - 1]) || is_digit(in.ptr[i - 1]))
        return true;
    return is_upper(in.ptr[i - 1]) && i + 1 < in.len && is_lower(in.ptr[i + 1]);
}

static bool put_snake(struct name *out, size_t *len, struct nx_bytes in)
{
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.ptr[i];
        bool ok = true;

        if (begins_word(in, i))
            ok = put(out, len, '_');
        if (is_upper(c))
            ok = ok && put(out, len, (char)(c - 'A' + 'a'));
        else if (is_lower(c) || is_digit(c))
            ok = ok && put(out, len, (char)c);
        else if (c == '+') /* c++.capnp is cxx */
            ok = ok && put(out, len, 'x');
        else if (*len > 0 && out->text[*len - 1] != '_')
            ok = ok && put(out, len, '_');
        if (!ok)
            return false;
    }
    return true;
}

bool name_of_identifier(struct nx_bytes identifier, struct name *out)
{
    size_t len = 0;

    out->text[0] = '\0';
    return put_snake(out, &len, identifier);
}

bool name_of_display(struct nx_bytes display, struct name *out)
{
    static const char suffix[] = ".capnp";
    const uint8_t *colon = memchr(display.ptr, ':', display.len);
    struct nx_bytes file = display;
    struct nx_bytes path = nx_bytes_of(NULL, 0);
    size_t len = 0;

    if (colon != NULL) {
        file.len = (size_t)(colon - display.ptr);
        path = nx_bytes_skip(display, file.len + 1);
    }
    for (size_t i = file.len; i > 0; i--) {
        if (file.ptr[i - 1] == '/') {
            file = nx_bytes_skip(file, i);
            break;
        }
    }
    if (file.len > strlen(suffix) &&
        memcmp(file.ptr + file.len - strlen(suffix), suffix, strlen(suffix)) == 0)
        file.len -= strlen(suffix);

    out->text[0] = '\0';
    if (file.len > 0 && is_digit(file.ptr[0])) {
        for (const char *c = "capn_"; *c != '\0'; c++)
            put(out, &len, *c);
    }
    if (!put_snake(out, &len, file))
        return false;
    return path.len == 0 || (put(out, &len, '_') && put_snake(out, &len, path));
}

struct name name_upper(const struct name *name)
{
    struct name out = *name;

    for (char *c = out.text; *c != '\0'; c++) {
        if (is_lower((uint8_t)*c))
            *c = (char)(*c - 'a' + 'A');
    }
    return out;
}

bool name_set_claim(struct name_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->names[i].text, name) == 0)
            return false;
    }
    if (set->count == set->cap) {
        set->cap = set->cap == 0 ? 64 : 2 * set->cap;
        set->names = realloc(set->names, set->cap * sizeof(*set->names));
        if (set->names == NULL)
            abort();
    }
    snprintf(set->names[set->count++].text, sizeof(set->names->text), "%s", name);
    return true;
}

void name_set_free(struct name_set *set)
{
    free(set->names);
    *set = (struct name_set){0};
}
