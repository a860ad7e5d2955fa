/* The third part of the header: the functions. */
#include "tools/capnpc-nx/generate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* A piece of generated code: a few names and the words around them. */
#define PIECE_CAP (4 * NAME_MAX_LEN)

/* Formats a piece into `out`, and answers it. */
static const char *spell(char out[PIECE_CAP], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static const char *spell(char out[PIECE_CAP], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(out, PIECE_CAP, format, args);
    va_end(args);
    NX_CHECK(len >= 0 && len < PIECE_CAP);
    return out;
}

/* One field of one struct, with all that its functions are spelled from. */
struct field {
    struct schema_node_reader node;
    struct nx_bytes spelling;
    struct name owner; /* of the struct or group */
    struct name name;
    struct type type;
    uint32_t offset; /* as the schema counts: in units of the field's own size */
    struct schema_value_reader value;
    bool has_default;
    bool is_member;         /* of its struct's union */
    char part[PIECE_CAP];   /* the struct to read it from */
    char choose[PIECE_CAP]; /* the statement that makes it the union's member, or nothing */
};

static struct field field_of(struct generator *g, struct schema_node_reader node,
                             struct schema_field_reader schema)
{
    struct schema_node_struct_reader s = schema_node_get_struct(node);
    unsigned tag_offset = 2 * schema_node_struct_get_discriminant_offset(s);
    struct field f = {
        .node = node,
        .spelling = schema_field_get_name(schema),
        .owner = node_name(g, node),
        .is_member = schema_field_get_discriminant_value(schema) != SCHEMA_FIELD_NO_DISCRIMINANT,
    };
    struct name owner_upper = name_upper(&f.owner);

    name_of_identifier(f.spelling, &f.name);
    struct name upper = name_upper(&f.name);

    spell(f.part, "r.s");
    if (f.is_member) {
        spell(f.part, "nx_capn_union_member(r.s, %u, %s_WHICH_%s)", tag_offset, owner_upper.text,
              upper.text);
        spell(f.choose, "    nx_capn_set_u16(b.s, %u, %s_WHICH_%s);\n", tag_offset,
              owner_upper.text, upper.text);
    }
    if (schema_field_which(schema) == SCHEMA_FIELD_WHICH_SLOT) {
        struct schema_field_slot_reader slot = schema_field_get_slot(schema);

        f.type = type_of(g, schema_field_slot_get_type(slot));
        f.offset = schema_field_slot_get_offset(slot);
        f.value = schema_field_slot_get_default_value(slot);
        f.has_default = schema_field_slot_get_had_explicit_default(slot);
    }
    return f;
}

#define LINE_MAX_LEN 100

/* The head of a function and its opening brace, on as many lines as it needs. */
static void put_head(struct generator *g, const char *result, const char *name,
                     const char *parameters)
{
    const char *comma = strstr(parameters, ", ");
    size_t len = strlen("static inline ") + strlen(result) + 1;
    size_t name_len = strlen(name) + strlen(parameters) + 2;
    bool own_line = len + name_len > LINE_MAX_LEN;

    fprintf(g->header, "static inline %s%c%s(", result, own_line ? '\n' : ' ', name);
    if (comma != NULL && own_line && name_len > LINE_MAX_LEN)
        fprintf(g->header, "%.*s,\n    %s)\n{\n", (int)(comma - parameters), parameters, comma + 2);
    else
        fprintf(g->header, "%s)\n{\n", parameters);
}

/* The same for "owner_verb_field". */
static void begin(struct generator *g, const struct field *f, const char *result, const char *verb,
                  const char *parameters)
{
    char name[PIECE_CAP];

    claim(g, f->node, f->spelling, "%s_%s_%s", f->owner.text, verb, f->name.text);
    spell(name, "%s_%s_%s", f->owner.text, verb, f->name.text);
    put_head(g, result, name, parameters);
}

static void end(struct generator *g)
{
    fputs("}\n", g->header);
}

/* "struct x_reader r" or "struct x_builder b", and what else the function takes. */
static const char *reader_parameter(const struct field *f, char *out)
{
    return spell(out, "struct %s_reader r", f->owner.text);
}

static const char *builder_parameters(const struct field *f, const char *more, char *out)
{
    return spell(out, "struct %s_builder b%s%s", f->owner.text, more[0] ? ", " : "", more);
}

/* ---- numbers ------------------------------------------------------------------------------- */

static const char *c_type(const struct type *type, char *out)
{
    static const char *const words[] = {"void",     "bool",     "int8_t",  "int16_t",
                                        "int32_t",  "int64_t",  "uint8_t", "uint16_t",
                                        "uint32_t", "uint64_t", "float",   "double"};

    if (type->which == SCHEMA_TYPE_WHICH_ENUM)
        return spell(out, "enum %s", type->node.text);
    return spell(out, "%s", words[type->which]);
}

static void put_bool(struct generator *g, const struct field *f)
{
    const char *negation = value_bits(&f->type, f->value) != 0 ? "!" : "";
    char parameters[PIECE_CAP];

    begin(g, f, "bool", "get", reader_parameter(f, parameters));
    fprintf(g->header, "    return %snx_capn_get_bool(%s, %" PRIu32 ");\n", negation, f->part,
            f->offset);
    end(g);
    begin(g, f, "void", "set", builder_parameters(f, "bool value", parameters));
    fprintf(g->header, "%s    nx_capn_set_bool(b.s, %" PRIu32 ", %svalue);\n", f->choose, f->offset,
            negation);
    end(g);
}

/* A value is stored as its difference to the default, bit by bit: zeros are the default. */
static void put_number(struct generator *g, const struct field *f)
{
    unsigned bits = type_bits(&f->type);
    unsigned offset = f->offset * (bits / 8);
    bool is_float = f->type.which == SCHEMA_TYPE_WHICH_FLOAT32;
    bool is_double = f->type.which == SCHEMA_TYPE_WHICH_FLOAT64;
    const char *from_bits = is_float    ? "nx_capn_float_of_bits"
                            : is_double ? "nx_capn_double_of_bits"
                                        : "";
    const char *to_bits = is_float    ? "nx_capn_bits_of_float"
                          : is_double ? "nx_capn_bits_of_double"
                                      : "";
    char c[PIECE_CAP];
    char difference[64] = "";
    char parameters[PIECE_CAP];
    char value[PIECE_CAP];

    g->uses_floats = g->uses_floats || is_float || is_double;
    c_type(&f->type, c);
    if (value_bits(&f->type, f->value) != 0)
        snprintf(difference, sizeof(difference), " ^ UINT%u_C(0x%" PRIx64 ")", bits,
                 value_bits(&f->type, f->value));

    bool is_plain = f->type.which >= SCHEMA_TYPE_WHICH_UINT8 &&
                    f->type.which <= SCHEMA_TYPE_WHICH_UINT64 && difference[0] == '\0';

    begin(g, f, c, "get", reader_parameter(f, parameters));
    if (is_float || is_double)
        fprintf(g->header, "    return %s(nx_capn_get_u%u(%s, %u)%s);\n", from_bits, bits, f->part,
                offset, difference);
    else if (is_plain)
        fprintf(g->header, "    return nx_capn_get_u%u(%s, %u);\n", bits, f->part, offset);
    else
        fprintf(g->header, "    return (%s)(nx_capn_get_u%u(%s, %u)%s);\n", c, bits, f->part,
                offset, difference);
    end(g);

    spell(value, "%s value", c);
    begin(g, f, "void", "set", builder_parameters(f, value, parameters));
    fprintf(g->header, "%s    nx_capn_set_u%u(b.s, %u, ", f->choose, bits, offset);
    if (is_float || is_double)
        fprintf(g->header, "%s(value)%s);\n", to_bits, difference);
    else if (is_plain)
        fputs("value);\n", g->header);
    else if (difference[0] == '\0')
        fprintf(g->header, "(uint%u_t)value);\n", bits);
    else
        fprintf(g->header, "(uint%u_t)((uint%u_t)value%s));\n", bits, bits, difference);
    end(g);
}

/* ---- pointers ------------------------------------------------------------------------------ */

static void put_has(struct generator *g, const struct field *f)
{
    char parameters[PIECE_CAP];

    begin(g, f, "bool", "has", reader_parameter(f, parameters));
    fprintf(g->header, "    return !nx_capn_ref_is_null(nx_capn_struct_ref(%s, %" PRIu32 "));\n",
            f->part, f->offset);
    end(g);
}

static void put_bytes_field(struct generator *g, const struct field *f)
{
    bool is_text = f->type.which == SCHEMA_TYPE_WHICH_TEXT;
    const char *word = is_text ? "text" : "data";
    struct nx_bytes value =
        is_text ? schema_value_get_text(f->value) : schema_value_get_data(f->value);
    char parameters[PIECE_CAP];

    if (value.len > 4000) /* ISO C promises 4,095 */
        complain(g, f->node, f->spelling, "a default value above 4,000 bytes is not supported");

    begin(g, f, "struct nx_bytes", "get", reader_parameter(f, parameters));
    fprintf(g->header, "    return nx_capn_read_%s(nx_capn_struct_ref(%s, %" PRIu32 "), ", word,
            f->part, f->offset);
    if (value.len > 0) {
        fputs("nx_bytes_of(", g->header);
        put_literal(g->header, value);
        fprintf(g->header, ", %zu));\n", value.len);
    } else {
        fprintf(g->header, "nx_bytes_of(%s, 0));\n", is_text ? "\"\"" : "NULL");
    }
    end(g);
    put_has(g, f);
    begin(g, f, "void", "set", builder_parameters(f, "struct nx_bytes value", parameters));
    fprintf(g->header, "%s    nx_capn_write_%s(nx_capn_struct_slot(b.s, %" PRIu32 "), value);\n",
            f->choose, word, f->offset);
    end(g);
    if (is_text)
        return;
    begin(g, f, "uint8_t *", "init", builder_parameters(f, "size_t len", parameters));
    fprintf(g->header,
            "%s    return nx_capn_new_data(nx_capn_struct_slot(b.s, %" PRIu32 "), len);\n",
            f->choose, f->offset);
    end(g);
}

/* The expression for the pointer to read, with the default behind it if there is one. */
static void put_ref(struct generator *g, const struct field *f)
{
    if (f->has_default && !nx_capn_ref_is_null(value_ref(&f->type, f->value)))
        fprintf(g->header, "nx_capn_ref_or(nx_capn_struct_ref(%s, %" PRIu32 "), &%s_%s_default)",
                f->part, f->offset, f->owner.text, f->name.text);
    else
        fprintf(g->header, "nx_capn_struct_ref(%s, %" PRIu32 ")", f->part, f->offset);
}

static void put_default(struct generator *g, const struct field *f)
{
    char name[PIECE_CAP];

    if (!f->has_default || nx_capn_ref_is_null(value_ref(&f->type, f->value)))
        return;
    spell(name, "%s_%s_default", f->owner.text, f->name.text);
    claim(g, f->node, f->spelling, "%s", name);
    put_segment(g, name, value_ref(&f->type, f->value));
}

static void put_struct_field(struct generator *g, const struct field *f)
{
    struct name upper = name_upper(&f->type.node);
    char result[PIECE_CAP];
    char parameters[PIECE_CAP];
    char value[PIECE_CAP];

    put_default(g, f);
    spell(result, "struct %s_reader", f->type.node.text);
    begin(g, f, result, "get", reader_parameter(f, parameters));
    fprintf(g->header, "    return (%s){\n        nx_capn_read_struct(", result);
    put_ref(g, f);
    fputs(")};\n", g->header);
    end(g);
    put_has(g, f);

    spell(result, "struct %s_builder", f->type.node.text);
    begin(g, f, result, "init", builder_parameters(f, "", parameters));
    fprintf(g->header,
            "%s    return (%s){\n        nx_capn_new_struct(nx_capn_struct_slot(b.s, %" PRIu32
            "), %s_DATA_WORDS,\n                           %s_POINTER_COUNT)};\n",
            f->choose, result, f->offset, upper.text, upper.text);
    end(g);
    spell(value, "struct %s_reader value", f->type.node.text);
    begin(g, f, "void", "set", builder_parameters(f, value, parameters));
    fprintf(g->header,
            "%s    nx_capn_copy_struct(nx_capn_struct_slot(b.s, %" PRIu32 "), value.s);\n",
            f->choose, f->offset);
    end(g);
}

/* Capabilities are the one thing that a message cannot carry here. */
static bool is_supported(struct generator *g, const struct field *f)
{
    struct type type = f->type;

    while (type.which == SCHEMA_TYPE_WHICH_LIST)
        type = type_of(g, schema_type_list_get_element_type(schema_type_get_list(type.schema)));
    if (type.which == SCHEMA_TYPE_WHICH_ANY_POINTER) {
        struct schema_type_any_pointer_reader any = schema_type_get_any_pointer(type.schema);

        if (schema_type_any_pointer_which(any) != SCHEMA_TYPE_ANY_POINTER_WHICH_UNCONSTRAINED ||
            schema_type_any_pointer_unconstrained_which(schema_type_any_pointer_get_unconstrained(
                any)) != SCHEMA_TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_CAPABILITY)
            return true;
    } else if (type.which != SCHEMA_TYPE_WHICH_INTERFACE) {
        return true;
    }
    complain(g, f->node, f->spelling, "a capability is not supported");
    return false;
}

static void put_list_field(struct generator *g, const struct field *f)
{
    struct type element =
        type_of(g, schema_type_list_get_element_type(schema_type_get_list(f->type.schema)));
    struct name upper = name_upper(&element.node);
    const char *word = element_word(type_element(&element));
    char parameters[PIECE_CAP];

    put_default(g, f);
    fputs("/* ", g->header);
    put_type_spelling(g, g->header, &f->type);
    fputs(" */\n", g->header);
    begin(g, f, "struct nx_capn_list", "get", reader_parameter(f, parameters));
    fputs("    return nx_capn_read_list(", g->header);
    put_ref(g, f);
    fprintf(g->header, ", %s);\n", word);
    end(g);
    put_has(g, f);

    begin(g, f, "struct nx_capn_list_builder", "init",
          builder_parameters(f, "uint32_t count", parameters));
    if (element.which == SCHEMA_TYPE_WHICH_STRUCT)
        fprintf(g->header,
                "%s    return nx_capn_new_struct_list(nx_capn_struct_slot(b.s, %" PRIu32
                "), count,\n                                   %s_DATA_WORDS,\n"
                "                                   %s_POINTER_COUNT);\n",
                f->choose, f->offset, upper.text, upper.text);
    else
        fprintf(g->header,
                "%s    return nx_capn_new_list(nx_capn_struct_slot(b.s, %" PRIu32
                "), %s, count);\n",
                f->choose, f->offset, word);
    end(g);
    begin(g, f, "void", "set", builder_parameters(f, "struct nx_capn_list value", parameters));
    fprintf(g->header, "%s    nx_capn_copy_list(nx_capn_struct_slot(b.s, %" PRIu32 "), value);\n",
            f->choose, f->offset);
    end(g);
}

static void put_any_field(struct generator *g, const struct field *f)
{
    char parameters[PIECE_CAP];

    put_default(g, f);
    begin(g, f, "struct nx_capn_ref", "get", reader_parameter(f, parameters));
    fputs("    return ", g->header);
    put_ref(g, f);
    fputs(";\n", g->header);
    end(g);
    put_has(g, f);
    begin(g, f, "struct nx_capn_slot", "init", builder_parameters(f, "", parameters));
    fprintf(g->header, "%s    return nx_capn_struct_slot(b.s, %" PRIu32 ");\n", f->choose,
            f->offset);
    end(g);
    begin(g, f, "void", "set", builder_parameters(f, "struct nx_capn_ref value", parameters));
    fprintf(g->header, "%s    nx_capn_copy(nx_capn_struct_slot(b.s, %" PRIu32 "), value);\n",
            f->choose, f->offset);
    end(g);
}

/* ---- fields -------------------------------------------------------------------------------- */

static void put_group_field(struct generator *g, const struct field *f, struct name group)
{
    char result[PIECE_CAP];
    char parameters[PIECE_CAP];

    spell(result, "struct %s_reader", group.text);
    begin(g, f, result, "get", reader_parameter(f, parameters));
    fprintf(g->header, "    return (%s){%s};\n", result, f->part);
    end(g);
    spell(result, "struct %s_builder", group.text);
    begin(g, f, result, "init", builder_parameters(f, "", parameters));
    fprintf(g->header, "    %s group = {b.s};\n\n    %s_clear(group);\n%s    return group;\n",
            result, group.text, f->choose);
    end(g);
}

static void put_slot_field(struct generator *g, const struct field *f)
{
    char parameters[PIECE_CAP];

    if (!is_supported(g, f))
        return;
    switch (f->type.which) {
    case SCHEMA_TYPE_WHICH_VOID:
        if (!f->is_member)
            return;
        begin(g, f, "void", "set", builder_parameters(f, "", parameters));
        fputs(f->choose, g->header);
        end(g);
        return;
    case SCHEMA_TYPE_WHICH_BOOL:
        put_bool(g, f);
        return;
    case SCHEMA_TYPE_WHICH_TEXT:
    case SCHEMA_TYPE_WHICH_DATA:
        put_bytes_field(g, f);
        return;
    case SCHEMA_TYPE_WHICH_LIST:
        put_list_field(g, f);
        return;
    case SCHEMA_TYPE_WHICH_STRUCT:
        put_struct_field(g, f);
        return;
    case SCHEMA_TYPE_WHICH_ANY_POINTER:
        put_any_field(g, f);
        return;
    case SCHEMA_TYPE_WHICH_INTERFACE:
        return;
    case SCHEMA_TYPE_WHICH_INT8:
    case SCHEMA_TYPE_WHICH_INT16:
    case SCHEMA_TYPE_WHICH_INT32:
    case SCHEMA_TYPE_WHICH_INT64:
    case SCHEMA_TYPE_WHICH_UINT8:
    case SCHEMA_TYPE_WHICH_UINT16:
    case SCHEMA_TYPE_WHICH_UINT32:
    case SCHEMA_TYPE_WHICH_UINT64:
    case SCHEMA_TYPE_WHICH_FLOAT32:
    case SCHEMA_TYPE_WHICH_FLOAT64:
    case SCHEMA_TYPE_WHICH_ENUM:
        put_number(g, f);
        return;
    }
}

/* ---- structs ------------------------------------------------------------------------------- */

/* A group is part of its struct's words; a fresh one is cleared field by field. */
static void put_clear(struct generator *g, struct schema_node_reader node, const struct name *name)
{
    struct schema_node_struct_reader s = schema_node_get_struct(node);
    struct nx_capn_list fields = schema_node_struct_get_fields(s);

    claim(g, node, nx_bytes_of(NULL, 0), "%s_clear", name->text);
    fprintf(g->header, "static inline void %s_clear(struct %s_builder b)\n{\n    (void)b;\n",
            name->text, name->text);
    if (schema_node_struct_get_discriminant_count(s) > 0)
        fprintf(g->header, "    nx_capn_set_u16(b.s, %u, 0);\n",
                2 * schema_node_struct_get_discriminant_offset(s));
    for (uint32_t i = 0; i < fields.count; i++) {
        struct schema_field_reader schema = schema_field_at(fields, i);
        struct field f = field_of(g, node, schema);

        if (schema_field_which(schema) == SCHEMA_FIELD_WHICH_GROUP) {
            uint64_t id = schema_field_group_get_type_id(schema_field_get_group(schema));
            struct name group = node_name(g, node_by_id(g, id));

            fprintf(g->header, "    %s_clear((struct %s_builder){b.s});\n", group.text, group.text);
        } else if (type_is_pointer(&f.type)) {
            fprintf(g->header, "    nx_capn_clear(nx_capn_struct_slot(b.s, %" PRIu32 "));\n",
                    f.offset);
        } else if (type_bits(&f.type) == 1) {
            fprintf(g->header, "    nx_capn_set_bool(b.s, %" PRIu32 ", false);\n", f.offset);
        } else if (type_bits(&f.type) > 0) {
            fprintf(g->header, "    nx_capn_set_u%u(b.s, %" PRIu32 ", 0);\n", type_bits(&f.type),
                    f.offset * (type_bits(&f.type) / 8));
        }
    }
    end(g);
}

/* One function of a whole struct: "name_verb". */
static void put_handle(struct generator *g, struct schema_node_reader node, const struct name *name,
                       const char *verb, const char *result, const char *parameters,
                       const char *format, ...) __attribute__((format(printf, 7, 8)));
static void put_handle(struct generator *g, struct schema_node_reader node, const struct name *name,
                       const char *verb, const char *result, const char *parameters,
                       const char *format, ...)
{
    char full[PIECE_CAP];
    va_list args;

    claim(g, node, nx_bytes_of(NULL, 0), "%s_%s", name->text, verb);
    spell(full, "%s_%s", name->text, verb);
    put_head(g, result, full, parameters);
    va_start(args, format);
    vfprintf(g->header, format, args);
    va_end(args);
    end(g);
}

/* Getting a reader and a builder of a whole struct. */
static void put_handles(struct generator *g, struct schema_node_reader node,
                        const struct name *name)
{
    struct name upper = name_upper(name);
    const char *n = name->text;
    const char *u = upper.text;
    char reader[PIECE_CAP];
    char builder[PIECE_CAP];
    char from[PIECE_CAP];

    spell(reader, "struct %s_reader", n);
    spell(builder, "struct %s_builder", n);
    spell(from, "struct nx_capn_slot slot, %s from", reader);

    put_handle(g, node, name, "root", reader, "struct nx_capn_message *m",
               "    return (%s){\n        nx_capn_read_struct(nx_capn_root(m))};\n", reader);
    put_handle(g, node, name, "read", reader, "struct nx_capn_ref ref",
               "    return (%s){nx_capn_read_struct(ref)};\n", reader);
    put_handle(g, node, name, "at", reader, "struct nx_capn_list list, uint32_t index",
               "    return (%s){nx_capn_list_struct(list, index)};\n", reader);
    put_handle(g, node, name, "new", builder, "struct nx_capn_slot slot",
               "    return (%s){\n        nx_capn_new_struct(slot, %s_DATA_WORDS,\n"
               "                           %s_POINTER_COUNT)};\n",
               builder, u, u);
    put_handle(g, node, name, "new_root", builder, "struct nx_capn_builder *b",
               "    return %s_new(nx_capn_builder_root(b));\n", n);
    put_handle(g, node, name, "new_list", "struct nx_capn_list_builder",
               "struct nx_capn_slot slot, uint32_t count",
               "    return nx_capn_new_struct_list(slot, count, %s_DATA_WORDS,\n"
               "                                   %s_POINTER_COUNT);\n",
               u, u);
    put_handle(g, node, name, "edit_at", builder,
               "struct nx_capn_list_builder list, uint32_t index",
               "    return (%s){\n        nx_capn_list_struct_at(list, index)};\n", builder);
    put_handle(g, node, name, "copy", "void", from, "    nx_capn_copy_struct(slot, from.s);\n");
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests groups */
void put_struct_functions(struct generator *g, struct schema_node_reader node)
{
    struct name name = node_name(g, node);
    struct schema_node_struct_reader s = schema_node_get_struct(node);
    struct nx_capn_list fields = schema_node_struct_get_fields(s);

    /* A group's functions first: those of its struct use them. */
    for (uint32_t i = 0; i < fields.count; i++) {
        struct schema_field_reader field = schema_field_at(fields, i);

        if (schema_field_which(field) == SCHEMA_FIELD_WHICH_GROUP)
            put_struct_functions(
                g, node_by_id(g, schema_field_group_get_type_id(schema_field_get_group(field))));
    }

    struct nx_bytes display = schema_node_get_display_name(node);
    fprintf(g->header, "\n/* ---- %.*s ---- */\n\n", (int)display.len, (const char *)display.ptr);
    if (schema_node_struct_get_is_group(s))
        put_clear(g, node, &name);
    else
        put_handles(g, node, &name);
    if (schema_node_struct_get_discriminant_count(s) > 0)
        fprintf(g->header,
                "/* The member that is set; a number beyond the enum is one of a newer schema. */\n"
                "static inline enum %s_which %s_which(struct %s_reader r)\n{\n"
                "    return (enum %s_which)nx_capn_get_u16(r.s, %u);\n}\n",
                name.text, name.text, name.text, name.text,
                2 * schema_node_struct_get_discriminant_offset(s));

    for (uint32_t i = 0; i < fields.count; i++) {
        struct schema_field_reader schema = schema_field_at(fields, i);
        struct field f = field_of(g, node, schema);

        fputc('\n', g->header);
        put_doc(g, g->header, schema_node_get_id(node), (int)i);
        if (schema_field_which(schema) == SCHEMA_FIELD_WHICH_GROUP)
            put_group_field(g, &f,
                            node_name(g, node_by_id(g, schema_field_group_get_type_id(
                                                           schema_field_get_group(schema)))));
        else
            put_slot_field(g, &f);
    }
}
