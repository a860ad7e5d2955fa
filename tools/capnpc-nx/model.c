#include "tools/capnpc-nx/generate.h"
#include "tools/capnpc-nx/source.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- complaints ---------------------------------------------------------------------------- */

static struct nx_bytes path_of(struct nx_bytes display)
{
    const uint8_t *colon = memchr(display.ptr, ':', display.len);

    return colon == NULL ? nx_bytes_of(NULL, 0)
                         : nx_bytes_skip(display, (size_t)(colon - display.ptr) + 1);
}

void complain(struct generator *g, struct schema_node_reader node, struct nx_bytes member,
              const char *what)
{
    struct nx_bytes path = path_of(schema_node_get_display_name(node));
    unsigned line = source_line(g->filename, path, member);

    g->failed = true;
    fprintf(stderr, "%s:", g->filename);
    if (line != 0)
        fprintf(stderr, "%u:", line);
    fprintf(stderr, " error: %.*s%s%.*s: %s\n", (int)path.len, (const char *)path.ptr,
            member.len > 0 ? "." : "", (int)member.len, (const char *)member.ptr, what);
}

void claim(struct generator *g, struct schema_node_reader node, struct nx_bytes member,
           const char *format, ...)
{
    char name[2 * NAME_MAX_LEN];
    char what[2 * NAME_MAX_LEN + 64];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(name, sizeof(name), format, args);
    va_end(args);
    if (len < 0 || len > NAME_MAX_LEN) {
        complain(g, node, member, "its name in C is longer than 512 characters");
    } else if (!name_set_claim(&g->names, name)) {
        snprintf(what, sizeof(what), "its name in C, %s, is taken already", name);
        complain(g, node, member, what);
    }
}

/* ---- nodes --------------------------------------------------------------------------------- */

struct schema_node_reader node_by_id(const struct generator *g, uint64_t id)
{
    for (uint32_t i = 0; i < g->nodes.count; i++) {
        struct schema_node_reader node = schema_node_at(g->nodes, i);

        if (schema_node_get_id(node) == id)
            return node;
    }
    fprintf(stderr, "capnpc-nx: the request has no node %016llx\n", (unsigned long long)id);
    exit(1);
}

struct name node_name(const struct generator *g, struct schema_node_reader node)
{
    struct name name;

    (void)g;
    if (!name_of_display(schema_node_get_display_name(node), &name)) {
        fprintf(stderr, "capnpc-nx: a name is longer than %d characters\n", NAME_MAX_LEN);
        exit(1);
    }
    return name;
}

uint64_t node_file_id(const struct generator *g, struct schema_node_reader node)
{
    while (schema_node_which(node) != SCHEMA_NODE_WHICH_FILE)
        node = node_by_id(g, schema_node_get_scope_id(node));
    return schema_node_get_id(node);
}

/* ---- types --------------------------------------------------------------------------------- */

struct type type_of(struct generator *g, struct schema_type_reader schema)
{
    struct type type = {.schema = schema, .which = schema_type_which(schema)};

    if (type.which == SCHEMA_TYPE_WHICH_ENUM) {
        uint64_t id = schema_type_enum_get_type_id(schema_type_get_enum(schema));
        type.node = node_name(g, node_by_id(g, id));
    } else if (type.which == SCHEMA_TYPE_WHICH_STRUCT) {
        uint64_t id = schema_type_struct_get_type_id(schema_type_get_struct(schema));
        type.node = node_name(g, node_by_id(g, id));
    }
    return type;
}

enum nx_capn_element type_element(const struct type *type)
{
    switch (type->which) {
    case SCHEMA_TYPE_WHICH_VOID:
        return NX_CAPN_VOID;
    case SCHEMA_TYPE_WHICH_BOOL:
        return NX_CAPN_BIT;
    case SCHEMA_TYPE_WHICH_INT8:
    case SCHEMA_TYPE_WHICH_UINT8:
        return NX_CAPN_BYTE;
    case SCHEMA_TYPE_WHICH_INT16:
    case SCHEMA_TYPE_WHICH_UINT16:
    case SCHEMA_TYPE_WHICH_ENUM:
        return NX_CAPN_TWO_BYTES;
    case SCHEMA_TYPE_WHICH_INT32:
    case SCHEMA_TYPE_WHICH_UINT32:
    case SCHEMA_TYPE_WHICH_FLOAT32:
        return NX_CAPN_FOUR_BYTES;
    case SCHEMA_TYPE_WHICH_INT64:
    case SCHEMA_TYPE_WHICH_UINT64:
    case SCHEMA_TYPE_WHICH_FLOAT64:
        return NX_CAPN_EIGHT_BYTES;
    case SCHEMA_TYPE_WHICH_STRUCT:
        return NX_CAPN_COMPOSITE;
    case SCHEMA_TYPE_WHICH_TEXT:
    case SCHEMA_TYPE_WHICH_DATA:
    case SCHEMA_TYPE_WHICH_LIST:
    case SCHEMA_TYPE_WHICH_INTERFACE:
    case SCHEMA_TYPE_WHICH_ANY_POINTER:
        return NX_CAPN_POINTER;
    }
    return NX_CAPN_VOID;
}

const char *element_word(enum nx_capn_element element)
{
    static const char *const words[] = {
        "NX_CAPN_VOID",       "NX_CAPN_BIT",         "NX_CAPN_BYTE",    "NX_CAPN_TWO_BYTES",
        "NX_CAPN_FOUR_BYTES", "NX_CAPN_EIGHT_BYTES", "NX_CAPN_POINTER", "NX_CAPN_COMPOSITE",
    };

    return words[element];
}

unsigned type_bits(const struct type *type)
{
    return nx_capn_element_bits(type_element(type));
}

bool type_is_pointer(const struct type *type)
{
    return type_element(type) >= NX_CAPN_POINTER;
}

static struct nx_bytes local_name(struct schema_node_reader node)
{
    return nx_bytes_skip(schema_node_get_display_name(node),
                         schema_node_get_display_name_prefix_length(node));
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests lists */
void put_type_spelling(struct generator *g, FILE *out, const struct type *type)
{
    static const char *const words[] = {"Void",    "Bool",    "Int8",   "Int16",  "Int32",
                                        "Int64",   "UInt8",   "UInt16", "UInt32", "UInt64",
                                        "Float32", "Float64", "Text",   "Data"};

    if (type->which == SCHEMA_TYPE_WHICH_LIST) {
        struct type element =
            type_of(g, schema_type_list_get_element_type(schema_type_get_list(type->schema)));

        fputs("List(", out);
        put_type_spelling(g, out, &element);
        fputs(")", out);
    } else if (type->which == SCHEMA_TYPE_WHICH_ENUM || type->which == SCHEMA_TYPE_WHICH_STRUCT) {
        uint64_t id = type->which == SCHEMA_TYPE_WHICH_ENUM
                          ? schema_type_enum_get_type_id(schema_type_get_enum(type->schema))
                          : schema_type_struct_get_type_id(schema_type_get_struct(type->schema));
        struct nx_bytes name = local_name(node_by_id(g, id));

        fprintf(out, "%.*s", (int)name.len, (const char *)name.ptr);
    } else if ((size_t)type->which < NX_COUNT_OF(words)) {
        fputs(words[type->which], out);
    } else {
        fputs("AnyPointer", out);
    }
}

/* ---- comments ------------------------------------------------------------------------------ */

static void put_comment(FILE *out, struct nx_bytes text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;

    fputs("/* ", out);
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.ptr[i];

        if (c == '\n')
            fputs("\n * ", out);
        else if (c == '/' && i > 0 && text.ptr[i - 1] == '*')
            fputs(" /", out); /* a comment may not end early, nor begin another one */
        else if (c == '*' && i > 0 && text.ptr[i - 1] == '/')
            fputs(" *", out);
        else
            fputc(c, out);
    }
    fputs(" */\n", out);
}

void put_doc(const struct generator *g, FILE *out, uint64_t node_id, int member)
{
    struct nx_bytes text = nx_bytes_of(NULL, 0);

    for (uint32_t i = 0; i < g->source_info.count; i++) {
        struct schema_node_source_info_reader info = schema_node_source_info_at(g->source_info, i);

        if (schema_node_source_info_get_id(info) != node_id)
            continue;
        text =
            member < 0
                ? schema_node_source_info_get_doc_comment(info)
                : schema_node_source_info_member_get_doc_comment(schema_node_source_info_member_at(
                      schema_node_source_info_get_members(info), (uint32_t)member));
    }
    if (text.len > 0)
        put_comment(out, text);
}
