/* Constants of a schema, and default values that are objects. */
#include "core/capn/builder.h"
#include "core/capn/copy.h"
#include "tools/capnpc-nx/generate.h"

#include <inttypes.h>
#include <stdlib.h>

uint64_t value_bits(const struct type *type, struct schema_value_reader value)
{
    switch (type->which) {
    case SCHEMA_TYPE_WHICH_BOOL:
        return schema_value_get_bool(value);
    case SCHEMA_TYPE_WHICH_INT8:
        return (uint8_t)schema_value_get_int8(value);
    case SCHEMA_TYPE_WHICH_INT16:
        return (uint16_t)schema_value_get_int16(value);
    case SCHEMA_TYPE_WHICH_INT32:
        return (uint32_t)schema_value_get_int32(value);
    case SCHEMA_TYPE_WHICH_INT64:
        return (uint64_t)schema_value_get_int64(value);
    case SCHEMA_TYPE_WHICH_UINT8:
        return schema_value_get_uint8(value);
    case SCHEMA_TYPE_WHICH_UINT16:
        return schema_value_get_uint16(value);
    case SCHEMA_TYPE_WHICH_UINT32:
        return schema_value_get_uint32(value);
    case SCHEMA_TYPE_WHICH_UINT64:
        return schema_value_get_uint64(value);
    case SCHEMA_TYPE_WHICH_FLOAT32:
        return nx_capn_bits_of_float(schema_value_get_float32(value));
    case SCHEMA_TYPE_WHICH_FLOAT64:
        return nx_capn_bits_of_double(schema_value_get_float64(value));
    case SCHEMA_TYPE_WHICH_ENUM:
        return schema_value_get_enum(value);
    case SCHEMA_TYPE_WHICH_VOID:
    case SCHEMA_TYPE_WHICH_TEXT:
    case SCHEMA_TYPE_WHICH_DATA:
    case SCHEMA_TYPE_WHICH_LIST:
    case SCHEMA_TYPE_WHICH_STRUCT:
    case SCHEMA_TYPE_WHICH_INTERFACE:
    case SCHEMA_TYPE_WHICH_ANY_POINTER:
        return 0;
    }
    return 0;
}

struct nx_capn_ref value_ref(const struct type *type, struct schema_value_reader value)
{
    if (type->which == SCHEMA_TYPE_WHICH_LIST)
        return schema_value_get_list(value);
    if (type->which == SCHEMA_TYPE_WHICH_STRUCT)
        return schema_value_get_struct(value);
    return schema_value_get_any_pointer(value);
}

void put_literal(FILE *out, struct nx_bytes bytes)
{
    fputc('"', out);
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];

        if (c == '"' || c == '\\' || c == '?') /* "??=" would be a trigraph */
            fprintf(out, "\\%c", c);
        else if (c >= 0x20 && c < 0x7f)
            fputc(c, out);
        else
            fprintf(out, "\\%03o", c);
    }
    fputc('"', out);
}

static void put_array(FILE *out, struct nx_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        fprintf(out, "%s0x%02x,", i % 8 == 0 ? "\n    " : " ", bytes.ptr[i]);
}

/* The object and all below it, as a message of one segment; of its root alone for a pointer that is
 * not there, which has no segment. */
void put_segment(struct generator *g, const char *name, struct nx_capn_ref value)
{
    uint32_t word_cap = value.segment == NULL ? 1 : value.segment->word_count + 1;
    struct nx_capn_room room = {.ptr = calloc(word_cap, NX_CAPN_WORD_LEN), .word_cap = word_cap};
    struct nx_capn_builder b;

    if (room.ptr == NULL)
        abort();
    nx_capn_builder_init(&b, &room, 1);
    nx_capn_copy(nx_capn_builder_root(&b), value);
    if (b.status != NX_OK) {
        fprintf(stderr, "capnpc-nx: %s: %s\n", name, nx_status_text(b.status));
        exit(1);
    }

    fprintf(g->header, "extern const struct nx_capn_segment %s;\n", name);
    fprintf(g->source, "\nstatic const uint8_t %s_words[] = {", name);
    put_array(g->source, nx_bytes_of(room.ptr, (size_t)room.word_count * NX_CAPN_WORD_LEN));
    fprintf(g->source, "\n};\nconst struct nx_capn_segment %s = {%s_words, %u};\n", name, name,
            (unsigned)room.word_count);
    free(room.ptr);
}

/* ---- constants ----------------------------------------------------------------------------- */

/* An enumerant by its name, so that the reader need not count. */
static void put_enum_value(struct generator *g, const struct type *type, uint64_t value)
{
    uint64_t id = schema_type_enum_get_type_id(schema_type_get_enum(type->schema));
    struct nx_capn_list enumerants =
        schema_node_enum_get_enumerants(schema_node_get_enum(node_by_id(g, id)));
    struct name upper = name_upper(&type->node);
    struct name local;

    name_of_identifier(schema_enumerant_get_name(schema_enumerant_at(enumerants, (uint32_t)value)),
                       &local);
    local = name_upper(&local);
    fprintf(g->header, "%s_%s\n", upper.text, local.text);
}

static void put_number(struct generator *g, const struct type *type,
                       struct schema_value_reader value)
{
    uint64_t bits = value_bits(type, value);

    switch (type->which) {
    case SCHEMA_TYPE_WHICH_BOOL:
        fputs(bits != 0 ? "true\n" : "false\n", g->header);
        return;
    case SCHEMA_TYPE_WHICH_INT8:
        fprintf(g->header, "(%d)\n", schema_value_get_int8(value));
        return;
    case SCHEMA_TYPE_WHICH_INT16:
        fprintf(g->header, "(%d)\n", schema_value_get_int16(value));
        return;
    case SCHEMA_TYPE_WHICH_INT32: /* the smallest one has no literal of its own */
        fprintf(g->header, "((int32_t)INT64_C(%" PRId32 "))\n", schema_value_get_int32(value));
        return;
    case SCHEMA_TYPE_WHICH_INT64:
        if (schema_value_get_int64(value) == INT64_MIN)
            fputs("INT64_MIN\n", g->header);
        else
            fprintf(g->header, "INT64_C(%" PRId64 ")\n", schema_value_get_int64(value));
        return;
    case SCHEMA_TYPE_WHICH_UINT8:
    case SCHEMA_TYPE_WHICH_UINT16:
        fprintf(g->header, "%" PRIu64 "u\n", bits);
        return;
    case SCHEMA_TYPE_WHICH_UINT32:
        fprintf(g->header, "UINT32_C(%" PRIu64 ")\n", bits);
        return;
    case SCHEMA_TYPE_WHICH_UINT64:
        fprintf(g->header, "UINT64_C(%" PRIu64 ")\n", bits);
        return;
    case SCHEMA_TYPE_WHICH_FLOAT32:
        g->uses_floats = true;
        fprintf(g->header, "nx_capn_float_of_bits(UINT32_C(0x%08" PRIx64 ")) /* %.9g */\n", bits,
                (double)schema_value_get_float32(value));
        return;
    case SCHEMA_TYPE_WHICH_FLOAT64:
        g->uses_floats = true;
        fprintf(g->header, "nx_capn_double_of_bits(UINT64_C(0x%016" PRIx64 ")) /* %.17g */\n", bits,
                schema_value_get_float64(value));
        return;
    case SCHEMA_TYPE_WHICH_ENUM:
        put_enum_value(g, type, bits);
        return;
    case SCHEMA_TYPE_WHICH_VOID:
    case SCHEMA_TYPE_WHICH_TEXT:
    case SCHEMA_TYPE_WHICH_DATA:
    case SCHEMA_TYPE_WHICH_LIST:
    case SCHEMA_TYPE_WHICH_STRUCT:
    case SCHEMA_TYPE_WHICH_INTERFACE:
    case SCHEMA_TYPE_WHICH_ANY_POINTER:
        return;
    }
}

static void put_bytes_constant(struct generator *g, struct schema_node_reader node,
                               const struct name *name, struct nx_bytes bytes)
{
    struct name upper = name_upper(name);

    claim(g, node, nx_bytes_of(NULL, 0), "%s_LEN", upper.text);
    fprintf(g->header, "#define %s_LEN %zuu\n", upper.text, bytes.len);
    fprintf(g->header, "extern const uint8_t %s[];\n", name->text);
    fprintf(g->source, "\nconst uint8_t %s[] = {", name->text);
    put_array(g->source, bytes.len > 0 ? bytes : nx_bytes_of("", 1));
    fputs("\n};\n", g->source);
}

static void put_object_constant(struct generator *g, struct schema_node_reader node,
                                const struct name *name, const struct type *type,
                                struct schema_value_reader value)
{
    struct name segment;

    snprintf(segment.text, sizeof(segment.text), "%.*s_segment", NAME_MAX_LEN - 8, name->text);
    claim(g, node, nx_bytes_of(NULL, 0), "%s", segment.text);
    put_segment(g, segment.text, value_ref(type, value));

    fputs("/* Opens the constant in `m`, which is kept as long as it is read. */\n", g->header);
    if (type->which == SCHEMA_TYPE_WHICH_STRUCT) {
        fprintf(
            g->header,
            "static inline struct %s_reader %s(struct nx_capn_message *m)\n{\n"
            "    return (struct %s_reader){nx_capn_read_struct(nx_capn_constant(m, &%s))};\n}\n",
            type->node.text, name->text, type->node.text, segment.text);
    } else if (type->which == SCHEMA_TYPE_WHICH_LIST) {
        struct type element =
            type_of(g, schema_type_list_get_element_type(schema_type_get_list(type->schema)));

        fprintf(g->header, "static inline struct nx_capn_list %s(struct nx_capn_message *m) /* ",
                name->text);
        put_type_spelling(g, g->header, type);
        fprintf(g->header,
                " */\n{\n    return nx_capn_read_list(nx_capn_constant(m, &%s), %s);\n}\n",
                segment.text, element_word(type_element(&element)));
    } else {
        fprintf(g->header,
                "static inline struct nx_capn_ref %s(struct nx_capn_message *m)\n{\n"
                "    return nx_capn_constant(m, &%s);\n}\n",
                name->text, segment.text);
    }
}

void put_constant(struct generator *g, struct schema_node_reader node)
{
    struct schema_node_const_reader constant = schema_node_get_const(node);
    struct type type = type_of(g, schema_node_const_get_type(constant));
    struct schema_value_reader value = schema_node_const_get_value(constant);
    struct name name = node_name(g, node);
    struct name upper = name_upper(&name);
    struct nx_bytes none = nx_bytes_of(NULL, 0);

    fputc('\n', g->header);
    put_doc(g, g->header, schema_node_get_id(node), -1);
    if (type.which == SCHEMA_TYPE_WHICH_VOID) {
        fprintf(g->header, "/* %s is a Void: there is nothing in it. */\n", name.text);
    } else if (type.which == SCHEMA_TYPE_WHICH_TEXT) {
        struct nx_bytes text = schema_value_get_text(value);

        if (text.len > 4000) /* ISO C promises 4,095 */
            complain(g, node, none, "a text constant above 4,000 bytes is not supported");
        claim(g, node, none, "%s", upper.text);
        fprintf(g->header, "#define %s ", upper.text);
        put_literal(g->header, text);
        fputc('\n', g->header);
    } else if (type.which == SCHEMA_TYPE_WHICH_DATA) {
        claim(g, node, none, "%s", name.text);
        put_bytes_constant(g, node, &name, schema_value_get_data(value));
    } else if (type_is_pointer(&type)) {
        claim(g, node, none, "%s", name.text);
        put_object_constant(g, node, &name, &type, value);
    } else {
        claim(g, node, none, "%s", upper.text);
        fprintf(g->header, "#define %s ", upper.text);
        put_number(g, &type, value);
    }
}
