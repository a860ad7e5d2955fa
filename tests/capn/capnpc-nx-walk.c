/* capnpc-nx-walk: writes NAME.walk.c, the functions of walk.h for each struct of a schema, on top of
 * what capnpc-nx makes of it. It knows the generator's names and nothing of the wire. */
#include "tools/capnpc-nx/generate.h"

#include <stdlib.h>
#include <string.h>

static FILE *out;

static struct schema_node_reader nested_node(const struct generator *g,
                                             struct schema_node_reader parent, uint32_t i)
{
    struct nx_capn_list nested = schema_node_get_nested_nodes(parent);

    return node_by_id(g, schema_node_nested_node_get_id(schema_node_nested_node_at(nested, i)));
}

static struct type element_of(struct generator *g, const struct type *type)
{
    return type_of(g, schema_type_list_get_element_type(schema_type_get_list(type->schema)));
}

/* ---- printing -------------------------------------------------------------------------------- */

static void put_print_value(struct generator *g, const struct type *type, const char *value,
                            unsigned level);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests lists */
static void put_print_list(struct generator *g, const struct type *type, const char *value,
                           unsigned n)
{
    struct type element = element_of(g, type);
    char at[600];

    fprintf(out, "    struct nx_capn_list l%u = %s;\n    fputc('[', out);\n", n, value);
    fprintf(out, "    for (uint32_t i%u = 0; i%u < l%u.count; i%u++) {\n", n, n, n, n);
    fprintf(out, "    fputs(i%u == 0 ? \"\" : \", \", out);\n", n);
    switch (element.which) {
    case SCHEMA_TYPE_WHICH_BOOL:
        snprintf(at, sizeof(at), "nx_capn_list_bool(l%u, i%u)", n, n);
        break;
    case SCHEMA_TYPE_WHICH_INT8:
    case SCHEMA_TYPE_WHICH_INT16:
    case SCHEMA_TYPE_WHICH_INT32:
    case SCHEMA_TYPE_WHICH_INT64:
        snprintf(at, sizeof(at), "(int%u_t)nx_capn_list_u%u(l%u, i%u)", type_bits(&element),
                 type_bits(&element), n, n);
        break;
    case SCHEMA_TYPE_WHICH_UINT8:
    case SCHEMA_TYPE_WHICH_UINT16:
    case SCHEMA_TYPE_WHICH_UINT32:
    case SCHEMA_TYPE_WHICH_UINT64:
        snprintf(at, sizeof(at), "nx_capn_list_u%u(l%u, i%u)", type_bits(&element), n, n);
        break;
    case SCHEMA_TYPE_WHICH_FLOAT32:
        snprintf(at, sizeof(at), "nx_capn_float_of_bits(nx_capn_list_u32(l%u, i%u))", n, n);
        break;
    case SCHEMA_TYPE_WHICH_FLOAT64:
        snprintf(at, sizeof(at), "nx_capn_double_of_bits(nx_capn_list_u64(l%u, i%u))", n, n);
        break;
    case SCHEMA_TYPE_WHICH_ENUM:
        snprintf(at, sizeof(at), "(enum %s)nx_capn_list_u16(l%u, i%u)", element.node.text, n, n);
        break;
    case SCHEMA_TYPE_WHICH_TEXT:
        snprintf(at, sizeof(at), "nx_capn_list_text(l%u, i%u)", n, n);
        break;
    case SCHEMA_TYPE_WHICH_DATA:
        snprintf(at, sizeof(at), "nx_capn_list_data(l%u, i%u)", n, n);
        break;
    case SCHEMA_TYPE_WHICH_STRUCT:
        snprintf(at, sizeof(at), "%s_at(l%u, i%u)", element.node.text, n, n);
        break;
    case SCHEMA_TYPE_WHICH_LIST: {
        struct type inner = element_of(g, &element);

        snprintf(at, sizeof(at), "nx_capn_list_list(l%u, i%u, %s)", n, n,
                 element_word(type_element(&inner)));
        break;
    }
    case SCHEMA_TYPE_WHICH_VOID:
    case SCHEMA_TYPE_WHICH_INTERFACE:
    case SCHEMA_TYPE_WHICH_ANY_POINTER:
        at[0] = '\0';
        break;
    }
    put_print_value(g, &element, at, n + 1);
    fputs("    }\n    fputc(']', out);\n", out);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests lists */
static void put_print_value(struct generator *g, const struct type *type, const char *value,
                            unsigned level)
{
    switch (type->which) {
    case SCHEMA_TYPE_WHICH_VOID:
        fputs("    fputs(\"void\", out);\n", out);
        return;
    case SCHEMA_TYPE_WHICH_BOOL:
        fprintf(out, "    fputs(%s ? \"true\" : \"false\", out);\n", value);
        return;
    case SCHEMA_TYPE_WHICH_INT8:
    case SCHEMA_TYPE_WHICH_INT16:
    case SCHEMA_TYPE_WHICH_INT32:
    case SCHEMA_TYPE_WHICH_INT64:
        fprintf(out, "    fprintf(out, \"%%lld\", (long long)(%s));\n", value);
        return;
    case SCHEMA_TYPE_WHICH_UINT8:
    case SCHEMA_TYPE_WHICH_UINT16:
    case SCHEMA_TYPE_WHICH_UINT32:
    case SCHEMA_TYPE_WHICH_UINT64:
        fprintf(out, "    fprintf(out, \"%%llu\", (unsigned long long)(%s));\n", value);
        return;
    case SCHEMA_TYPE_WHICH_FLOAT32:
        fprintf(out, "    walk_put_float(out, %s);\n", value);
        return;
    case SCHEMA_TYPE_WHICH_FLOAT64:
        fprintf(out, "    walk_put_double(out, %s);\n", value);
        return;
    case SCHEMA_TYPE_WHICH_TEXT:
    case SCHEMA_TYPE_WHICH_DATA:
        fprintf(out, "    walk_put_bytes(out, %s, %s);\n", value,
                type->which == SCHEMA_TYPE_WHICH_TEXT ? "true" : "false");
        return;
    case SCHEMA_TYPE_WHICH_ENUM: {
        struct name upper = name_upper(&type->node);

        fprintf(out, "    walk_put_enum(out, %s, %s_ENUMERANT_COUNT, %s_name(%s));\n", value,
                upper.text, type->node.text, value);
        return;
    }
    case SCHEMA_TYPE_WHICH_STRUCT:
        fprintf(out, "    print_%s(out, %s);\n", type->node.text, value);
        return;
    case SCHEMA_TYPE_WHICH_LIST:
        put_print_list(g, type, value, level);
        return;
    case SCHEMA_TYPE_WHICH_INTERFACE:
    case SCHEMA_TYPE_WHICH_ANY_POINTER:
        fprintf(out, "    walk_put_any(out, %s);\n", value);
        return;
    }
}

static void put_print_field(struct generator *g, struct schema_node_reader node,
                            struct schema_field_reader field)
{
    struct name owner = node_name(g, node);
    struct name owner_upper = name_upper(&owner);
    struct nx_bytes spelling = schema_field_get_name(field);
    struct name name;
    char value[1200];

    name_of_identifier(spelling, &name);
    struct name upper = name_upper(&name);
    snprintf(value, sizeof(value), "%s_get_%s(r)", owner.text, name.text);

    fputs("    {\n", out);
    if (schema_field_get_discriminant_value(field) != SCHEMA_FIELD_NO_DISCRIMINANT)
        fprintf(out, "    if (%s_which(r) == %s_WHICH_%s) {\n", owner.text, owner_upper.text,
                upper.text);
    else
        fputs("    {\n", out);
    if (schema_field_which(field) == SCHEMA_FIELD_WHICH_GROUP) {
        struct name group = node_name(
            g, node_by_id(g, schema_field_group_get_type_id(schema_field_get_group(field))));

        fprintf(out, "    walk_put_name(out, &first, \"%.*s\");\n    print_%s(out, %s);\n",
                (int)spelling.len, (const char *)spelling.ptr, group.text, value);
    } else {
        struct type type = type_of(g, schema_field_slot_get_type(schema_field_get_slot(field)));

        /* The tool leaves out a null pointer, but names a union's member that is not the first. */
        unsigned member = schema_field_get_discriminant_value(field);
        bool is_optional =
            type_is_pointer(&type) && (member == 0 || member == SCHEMA_FIELD_NO_DISCRIMINANT);

        if (is_optional)
            fprintf(out, "    if (%s_has_%s(r)) {\n", owner.text, name.text);
        fprintf(out, "    walk_put_name(out, &first, \"%.*s\");\n", (int)spelling.len,
                (const char *)spelling.ptr);
        put_print_value(g, &type, value, 0);
        if (is_optional)
            fputs("    }\n", out);
    }
    fputs("    }\n    }\n", out);
}

/* ---- filling --------------------------------------------------------------------------------- */

static void put_fill_element(struct generator *g, const struct type *type, unsigned n);

/* Elements of the list builder l<n>. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests lists */
static void put_fill_list(struct generator *g, const struct type *type, unsigned n)
{
    struct type element = element_of(g, type);

    if (element.which == SCHEMA_TYPE_WHICH_VOID) {
        fprintf(out, "    (void)l%u;\n", n);
        return;
    }
    fprintf(out, "    for (uint32_t i%u = 0; i%u < l%u.count; i%u++) {\n", n, n, n, n);
    put_fill_element(g, &element, n);
    fputs("    }\n", out);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests lists */
static void put_fill_inner_list(struct generator *g, const struct type *type, unsigned n)
{
    struct type element = element_of(g, type);

    fputs("    if (walk_enter(w)) {\n", out);
    fprintf(out, "    struct nx_capn_slot s%u = nx_capn_list_slot(l%u, i%u);\n", n, n, n);
    if (element.which == SCHEMA_TYPE_WHICH_STRUCT)
        fprintf(out, "    struct nx_capn_list_builder l%u = %s_new_list(s%u, walk_count(w));\n",
                n + 1, element.node.text, n);
    else
        fprintf(out,
                "    struct nx_capn_list_builder l%u = nx_capn_new_list(s%u, %s, walk_count(w));\n",
                n + 1, n, element_word(type_element(&element)));
    put_fill_list(g, type, n + 1);
    fputs("    walk_leave(w);\n    }\n", out);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests lists */
static void put_fill_element(struct generator *g, const struct type *type, unsigned n)
{
    switch (type->which) {
    case SCHEMA_TYPE_WHICH_BOOL:
        fprintf(out, "    nx_capn_list_set_bool(l%u, i%u, walk_below(w, 2) == 1);\n", n, n);
        return;
    case SCHEMA_TYPE_WHICH_INT8:
    case SCHEMA_TYPE_WHICH_INT16:
    case SCHEMA_TYPE_WHICH_INT32:
    case SCHEMA_TYPE_WHICH_INT64:
    case SCHEMA_TYPE_WHICH_UINT8:
    case SCHEMA_TYPE_WHICH_UINT16:
    case SCHEMA_TYPE_WHICH_UINT32:
    case SCHEMA_TYPE_WHICH_UINT64:
        fprintf(out, "    nx_capn_list_set_u%u(l%u, i%u, (uint%u_t)walk_number(w));\n",
                type_bits(type), n, n, type_bits(type));
        return;
    case SCHEMA_TYPE_WHICH_FLOAT32:
        fprintf(out, "    nx_capn_list_set_u32(l%u, i%u, nx_capn_bits_of_float(walk_float(w)));\n",
                n, n);
        return;
    case SCHEMA_TYPE_WHICH_FLOAT64:
        fprintf(out,
                "    nx_capn_list_set_u64(l%u, i%u, nx_capn_bits_of_double(walk_double(w)));\n", n,
                n);
        return;
    case SCHEMA_TYPE_WHICH_ENUM: {
        struct name upper = name_upper(&type->node);

        fprintf(out,
                "    nx_capn_list_set_u16(l%u, i%u, (uint16_t)walk_below(w, "
                "%s_ENUMERANT_COUNT));\n",
                n, n, upper.text);
        return;
    }
    case SCHEMA_TYPE_WHICH_TEXT:
        fprintf(out, "    nx_capn_list_set_text(l%u, i%u, walk_text(w));\n", n, n);
        return;
    case SCHEMA_TYPE_WHICH_DATA:
        fprintf(out, "    nx_capn_list_set_data(l%u, i%u, walk_data(w));\n", n, n);
        return;
    case SCHEMA_TYPE_WHICH_STRUCT:
        fprintf(out,
                "    if (walk_enter(w)) {\n    fill_%s(w, %s_edit_at(l%u, i%u));\n"
                "    walk_leave(w);\n    }\n",
                type->node.text, type->node.text, n, n);
        return;
    case SCHEMA_TYPE_WHICH_LIST:
        put_fill_inner_list(g, type, n);
        return;
    case SCHEMA_TYPE_WHICH_VOID:
    case SCHEMA_TYPE_WHICH_INTERFACE:
    case SCHEMA_TYPE_WHICH_ANY_POINTER:
        return;
    }
}

static void put_fill_slot(struct generator *g, const struct type *type, const char *owner,
                          const char *name, bool is_member)
{
    switch (type->which) {
    case SCHEMA_TYPE_WHICH_VOID:
        if (is_member)
            fprintf(out, "    %s_set_%s(b);\n", owner, name);
        return;
    case SCHEMA_TYPE_WHICH_BOOL:
        fprintf(out, "    %s_set_%s(b, walk_below(w, 2) == 1);\n", owner, name);
        return;
    case SCHEMA_TYPE_WHICH_INT8:
    case SCHEMA_TYPE_WHICH_INT16:
    case SCHEMA_TYPE_WHICH_INT32:
    case SCHEMA_TYPE_WHICH_INT64:
        fprintf(out, "    %s_set_%s(b, (int%u_t)walk_number(w));\n", owner, name, type_bits(type));
        return;
    case SCHEMA_TYPE_WHICH_UINT8:
    case SCHEMA_TYPE_WHICH_UINT16:
    case SCHEMA_TYPE_WHICH_UINT32:
    case SCHEMA_TYPE_WHICH_UINT64:
        fprintf(out, "    %s_set_%s(b, (uint%u_t)walk_number(w));\n", owner, name, type_bits(type));
        return;
    case SCHEMA_TYPE_WHICH_FLOAT32:
        fprintf(out, "    %s_set_%s(b, walk_float(w));\n", owner, name);
        return;
    case SCHEMA_TYPE_WHICH_FLOAT64:
        fprintf(out, "    %s_set_%s(b, walk_double(w));\n", owner, name);
        return;
    case SCHEMA_TYPE_WHICH_ENUM: {
        struct name upper = name_upper(&type->node);

        fprintf(out, "    %s_set_%s(b, (enum %s)walk_below(w, %s_ENUMERANT_COUNT));\n", owner, name,
                type->node.text, upper.text);
        return;
    }
    case SCHEMA_TYPE_WHICH_TEXT:
    case SCHEMA_TYPE_WHICH_DATA:
        fprintf(out,
                "    if (walk_enter(w)) {\n    %s_set_%s(b, walk_%s(w));\n    walk_leave(w);\n"
                "    }\n",
                owner, name, type->which == SCHEMA_TYPE_WHICH_TEXT ? "text" : "data");
        return;
    case SCHEMA_TYPE_WHICH_STRUCT:
        fprintf(out,
                "    if (walk_enter(w)) {\n    fill_%s(w, %s_init_%s(b));\n    walk_leave(w);\n"
                "    }\n",
                type->node.text, owner, name);
        return;
    case SCHEMA_TYPE_WHICH_LIST:
        fprintf(out,
                "    if (walk_enter(w)) {\n    struct nx_capn_list_builder l0 = "
                "%s_init_%s(b, walk_count(w));\n",
                owner, name);
        put_fill_list(g, type, 0);
        fputs("    walk_leave(w);\n    }\n", out);
        return;
    case SCHEMA_TYPE_WHICH_INTERFACE:
    case SCHEMA_TYPE_WHICH_ANY_POINTER: /* these have no text */
        return;
    }
}

static void put_fill_field(struct generator *g, struct schema_node_reader node,
                           struct schema_field_reader field)
{
    struct name owner = node_name(g, node);
    struct name name;
    bool is_member = schema_field_get_discriminant_value(field) != SCHEMA_FIELD_NO_DISCRIMINANT;

    name_of_identifier(schema_field_get_name(field), &name);
    if (is_member)
        fprintf(out, "    if (member == %u) {\n",
                (unsigned)schema_field_get_discriminant_value(field));
    else
        fputs("    {\n", out);
    if (schema_field_which(field) == SCHEMA_FIELD_WHICH_GROUP) {
        struct name group = node_name(
            g, node_by_id(g, schema_field_group_get_type_id(schema_field_get_group(field))));

        fprintf(out, "    fill_%s(w, %s_init_%s(b));\n", group.text, owner.text, name.text);
    } else {
        struct type type = type_of(g, schema_field_slot_get_type(schema_field_get_slot(field)));

        put_fill_slot(g, &type, owner.text, name.text, is_member);
    }
    fputs("    }\n", out);
}

/* ---- structs --------------------------------------------------------------------------------- */

static void put_prototypes(struct generator *g, struct schema_node_reader node)
{
    struct name name = node_name(g, node);
    const char *n = name.text;

    fprintf(out, "struct %s_reader;\nstruct %s_builder;\n", n, n);
    fprintf(out, "void print_%s(FILE *out, struct %s_reader r);\n", n, n);
    fprintf(out, "void fill_%s(struct walk *w, struct %s_builder b);\n", n, n);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests groups */
static void put_struct(struct generator *g, struct schema_node_reader node)
{
    struct name name = node_name(g, node);
    struct schema_node_struct_reader s = schema_node_get_struct(node);
    struct nx_capn_list fields = schema_node_struct_get_fields(s);
    unsigned member_count = schema_node_struct_get_discriminant_count(s);

    for (uint32_t i = 0; i < fields.count; i++) {
        struct schema_field_reader field = schema_field_at(fields, i);

        if (schema_field_which(field) == SCHEMA_FIELD_WHICH_GROUP)
            put_struct(
                g, node_by_id(g, schema_field_group_get_type_id(schema_field_get_group(field))));
    }
    fprintf(out,
            "\nvoid print_%s(FILE *out, struct %s_reader r)\n{\n"
            "    bool first = true;\n    (void)r;\n    (void)first;\n    fputc('(', out);\n",
            name.text, name.text);
    for (uint32_t i = 0; i < fields.count; i++)
        put_print_field(g, node, schema_field_at(fields, i));
    fputs("    fputc(')', out);\n}\n", out);

    fprintf(out,
            "\nvoid fill_%s(struct walk *w, struct %s_builder b)\n{\n    (void)w;\n    (void)b;\n",
            name.text, name.text);
    if (member_count > 0)
        fprintf(out, "    uint32_t member = walk_below(w, %u);\n", member_count);
    for (uint32_t i = 0; i < fields.count; i++)
        put_fill_field(g, node, schema_field_at(fields, i));
    fputs("}\n", out);
}

enum pass {
    PROTOTYPES,
    FUNCTIONS,
    ROOTS,
    TABLE
};

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests types */
static void put_all(struct generator *g, struct schema_node_reader parent, enum pass pass)
{
    for (uint32_t i = 0; i < schema_node_get_nested_nodes(parent).count; i++) {
        struct schema_node_reader node = nested_node(g, parent, i);
        struct nx_bytes display = schema_node_get_display_name(node);
        const char *path = memchr(display.ptr, ':', display.len);
        int path_len = (int)(display.len - (size_t)(path + 1 - (const char *)display.ptr));

        if (schema_node_which(node) == SCHEMA_NODE_WHICH_STRUCT) {
            struct name name = node_name(g, node);

            if (pass == FUNCTIONS)
                put_struct(g, node);
            else if (pass == ROOTS)
                fprintf(out,
                        "static void root_print_%s(FILE *out, struct nx_capn_message *m)\n{\n"
                        "    print_%s(out, %s_root(m));\n}\n"
                        "static void root_fill_%s(struct walk *w, struct nx_capn_builder *b)\n{\n"
                        "    fill_%s(w, %s_new_root(b));\n}\n",
                        name.text, name.text, name.text, name.text, name.text, name.text);
            else
                fprintf(out, "    {\"%.*s\", root_fill_%s, root_print_%s},\n", path_len, path + 1,
                        name.text, name.text);
        }
        put_all(g, node, pass);
    }
}

static void write_walk(struct generator *g)
{
    struct schema_node_reader file =
        node_by_id(g, schema_code_generator_request_requested_file_get_id(g->file));
    struct name prefix = node_name(g, file);
    const char *base = strrchr(g->filename, '/');
    char path[4200];

    base = base == NULL ? g->filename : base + 1;
    snprintf(path, sizeof(path), "%s.walk.c", base);
    out = fopen(path, "w");
    if (out == NULL) {
        perror(path);
        exit(1);
    }
    fprintf(out,
            "#include \"%s.h\"\n#include \"core/capn/float.h\"\n#include \"tests/capn/walk.h\"\n\n",
            g->filename);
    /* Those of imported types are defined in the imported file's own output. */
    for (uint32_t i = 0; i < g->nodes.count; i++) {
        struct schema_node_reader node = schema_node_at(g->nodes, i);

        if (schema_node_which(node) == SCHEMA_NODE_WHICH_STRUCT)
            put_prototypes(g, node);
    }
    put_all(g, file, FUNCTIONS);
    put_all(g, file, ROOTS);
    fprintf(out, "\nstatic const struct walk_type types[] = {\n");
    put_all(g, file, TABLE);
    fprintf(out,
            "};\nextern const struct walk_schema walk_%s;\nconst struct walk_schema walk_%s = "
            "{\"%s\", types, NX_COUNT_OF(types)};\n",
            prefix.text, prefix.text, base);
    fclose(out);
}

int main(void)
{
    static struct nx_capn_segment table[4096];
    static uint8_t in[1u << 22];
    static const struct nx_capn_limits limits = {
        .words_max = 1u << 19, .traversal_words_max = UINT64_MAX, .depth_max = 64, .utf8 = true};
    struct nx_capn_message m;

    if (nx_capn_message_open(&m, &limits, nx_bytes_of(in, fread(in, 1, sizeof(in), stdin)), table,
                             4096) != NX_OK) {
        fprintf(stderr, "capnpc-nx-walk: %s\n", m.why);
        return 1;
    }
    struct schema_code_generator_request_reader request = schema_code_generator_request_root(&m);
    struct nx_capn_list files = schema_code_generator_request_get_requested_files(request);
    for (uint32_t i = 0; i < files.count; i++) {
        struct generator g = {
            .nodes = schema_code_generator_request_get_nodes(request),
            .file = schema_code_generator_request_requested_file_at(files, i),
        };
        struct nx_bytes filename =
            schema_code_generator_request_requested_file_get_filename(g.file);

        snprintf(g.filename, sizeof(g.filename), "%.*s", (int)filename.len,
                 (const char *)filename.ptr);
        write_walk(&g);
    }
    return m.status == NX_OK ? 0 : 1;
}
