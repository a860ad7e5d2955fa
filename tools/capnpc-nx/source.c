#include "tools/capnpc-nx/source.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the file ------------------------------------------------------------------------------ */

/* The whole file and a NUL, or NULL; the caller frees it. */
static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t cap = 0;

    *len = 0;
    while (file != NULL) {
        if (cap - *len < 4096) {
            cap = cap == 0 ? 65536 : 2 * cap;
            text = realloc(text, cap);
            if (text == NULL)
                abort();
        }
        size_t got = fread(text + *len, 1, cap - *len - 1, file);
        *len += got;
        if (got == 0)
            break;
    }
    if (file == NULL)
        return NULL;
    fclose(file);
    text[*len] = '\0';
    return text;
}

static bool ends_in(const char *text, const char *end)
{
    size_t text_len = strlen(text);
    size_t end_len = strlen(end);

    return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0 &&
           (text_len == end_len || text[text_len - end_len - 1] == '/');
}

/* The compiler was given a path that ends in `filename`; its own folder is the one it is in. */
static char *read_schema(const char *filename)
{
    char path[8192];
    size_t len;
    size_t args_len;

    snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)getppid());
    char *args = read_file(path, &args_len);
    char *text = NULL;
    for (size_t at = 0; args != NULL && at < args_len && text == NULL;
         at += strlen(args + at) + 1) {
        if (args[at] == '-' || !ends_in(args + at, filename))
            continue;
        if (args[at] == '/')
            snprintf(path, sizeof(path), "%s", args + at);
        else
            snprintf(path, sizeof(path), "/proc/%ld/cwd/%s", (long)getppid(), args + at);
        text = read_file(path, &len);
    }
    free(args);
    return text != NULL ? text : read_file(filename, &len);
}

/* ---- the place ----------------------------------------------------------------------------- */

struct token {
    const char *text;
    size_t len;
    unsigned line;
    unsigned depth; /* braces around it */
};

struct scanner {
    const char *at;
    unsigned line;
    unsigned depth;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The next word or mark; comments and strings are passed over. */
static bool next_token(struct scanner *s, struct token *t)
{
    for (;;) {
        if (*s->at == '\0')
            return false;
        if (*s->at == '\n') {
            s->line++;
            s->at++;
        } else if (*s->at == '#') {
            s->at += strcspn(s->at, "\n");
        } else if (*s->at == '"') {
            for (s->at++; *s->at != '\0' && *s->at != '"'; s->at++)
                s->at += *s->at == '\\' && s->at[1] != '\0';
            s->at += *s->at == '"';
        } else if (isspace((unsigned char)*s->at)) {
            s->at++;
        } else {
            break;
        }
    }

    s->depth -= *s->at == '}' && s->depth > 0;
    *t = (struct token){s->at, 1, s->line, s->depth};
    s->depth += *s->at == '{';
    while (is_word(*t->text) && is_word(t->text[t->len]))
        t->len++;
    s->at += t->len;
    return true;
}

static bool is(const struct token *t, struct nx_bytes word)
{
    return t->len == word.len && memcmp(t->text, word.ptr, word.len) == 0;
}

static bool declares_type(const struct token *t)
{
    static const char *const words[] = {"struct", "enum", "interface", "const", "annotation"};

    for (size_t i = 0; i < NX_COUNT_OF(words); i++) {
        if (is(t, nx_bytes_of_text(words[i])))
            return true;
    }
    return false;
}

/* Forward to `word`, at least `depth` braces deep: behind the keyword of a type, or as a group's or
 * a member's name in front of "@" or ":". */
static unsigned find(struct scanner *s, struct nx_bytes word, unsigned depth)
{
    struct token before = {.text = "", .len = 0};
    struct token t;

    while (next_token(s, &t)) {
        struct scanner ahead = *s;
        struct token next = {.text = "", .len = 0};

        if (is(&t, word) && t.depth >= depth) {
            next_token(&ahead, &next);
            if (declares_type(&before) || (next.len == 1 && strchr("@:", *next.text) != NULL))
                return t.line;
        }
        before = t;
    }
    return 0;
}

unsigned source_line(const char *filename, struct nx_bytes path, struct nx_bytes member)
{
    char *text = read_schema(filename);
    unsigned line = 0;
    unsigned depth = 0;

    if (text == NULL)
        return 0;

    struct scanner s = {.at = text, .line = 1};
    while (path.len > 0) {
        const uint8_t *dot = memchr(path.ptr, '.', path.len);
        struct nx_bytes part = path;

        if (dot != NULL)
            part.len = (size_t)(dot - path.ptr);
        path = nx_bytes_skip(path, dot == NULL ? path.len : part.len + 1);
        line = find(&s, part, depth++);
    }
    if (member.len > 0)
        line = find(&s, member, depth);
    free(text);
    return line;
}
