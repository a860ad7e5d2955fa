/* The first part of the header: what the types are and how large they are. */
#include "tools/capnpc-nx/generate.h"

void put_enum(struct generator *g, struct schema_node_reader node)
{
    struct name name = node_name(g, node);
    struct name upper = name_upper(&name);
    struct nx_capn_list enumerants = schema_node_enum_get_enumerants(schema_node_get_enum(node));
    struct nx_bytes none = nx_bytes_of(NULL, 0);

    if (enumerants.count == 0) {
        complain(g, node, none, "an enum without enumerants is not supported");
        return;
    }
    claim(g, node, none, "enum %s", name.text);
    claim(g, node, none, "%s_name", name.text);
    claim(g, node, none, "%s_ENUMERANT_COUNT", upper.text);

    fputc('\n', g->header);
    put_doc(g, g->header, schema_node_get_id(node), -1);
    fprintf(g->header, "enum %s {\n", name.text);
    fprintf(g->source,
            "\nconst char *%s_name(enum %s value)\n{\n    static const char *const names[] = {\n",
            name.text, name.text);
    for (uint32_t i = 0; i < enumerants.count; i++) {
        struct nx_bytes spelling = schema_enumerant_get_name(schema_enumerant_at(enumerants, i));
        struct name local;

        name_of_identifier(spelling, &local);
        local = name_upper(&local);
        claim(g, node, spelling, "%s_%s", upper.text, local.text);
        fprintf(g->header, "    %s_%s = %u,\n", upper.text, local.text, (unsigned)i);
        fprintf(g->source, "        \"%.*s\",\n", (int)spelling.len, (const char *)spelling.ptr);
    }
    fprintf(g->header, "};\n#define %s_ENUMERANT_COUNT %uu\n", upper.text,
            (unsigned)enumerants.count);
    fprintf(g->header,
            "\n/* As the schema spells it; \"unknown\" for a number that a newer schema has. */\n"
            "const char *%s_name(enum %s value);\n",
            name.text, name.text);
    fprintf(g->source,
            "    };\n\n    return (unsigned)value < %s_ENUMERANT_COUNT ? names[value] : "
            "\"unknown\";\n}\n",
            upper.text);
}

static void put_which(struct generator *g, struct schema_node_reader node, const struct name *name)
{
    struct name upper = name_upper(name);
    struct nx_capn_list fields = schema_node_struct_get_fields(schema_node_get_struct(node));

    claim(g, node, nx_bytes_of(NULL, 0), "%s_which", name->text);
    claim(g, node, nx_bytes_of(NULL, 0), "enum %s_which", name->text);
    fprintf(g->header, "enum %s_which {\n", name->text);
    for (uint32_t i = 0; i < fields.count; i++) {
        struct schema_field_reader field = schema_field_at(fields, i);
        struct nx_bytes spelling = schema_field_get_name(field);
        unsigned value = schema_field_get_discriminant_value(field);
        struct name local;

        if (value == SCHEMA_FIELD_NO_DISCRIMINANT)
            continue;
        name_of_identifier(spelling, &local);
        local = name_upper(&local);
        claim(g, node, spelling, "%s_WHICH_%s", upper.text, local.text);
        fprintf(g->header, "    %s_WHICH_%s = %u,\n", upper.text, local.text, value);
    }
    fputs("};\n", g->header);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests groups */
void put_struct_types(struct generator *g, struct schema_node_reader node)
{
    struct name name = node_name(g, node);
    struct name upper = name_upper(&name);
    struct schema_node_struct_reader s = schema_node_get_struct(node);
    struct nx_capn_list fields = schema_node_struct_get_fields(s);
    struct nx_bytes none = nx_bytes_of(NULL, 0);

    claim(g, node, none, "struct %s_reader", name.text);
    claim(g, node, none, "struct %s_builder", name.text);

    fputc('\n', g->header);
    put_doc(g, g->header, schema_node_get_id(node), -1);
    fprintf(g->header, "struct %s_reader {\n    struct nx_capn_struct s;\n};\n", name.text);
    fprintf(g->header, "struct %s_builder {\n    struct nx_capn_struct_builder s;\n};\n",
            name.text);
    if (!schema_node_struct_get_is_group(s)) {
        claim(g, node, none, "%s_TYPE_ID", upper.text);
        claim(g, node, none, "%s_DATA_WORDS", upper.text);
        claim(g, node, none, "%s_POINTER_COUNT", upper.text);
        fprintf(g->header, "#define %s_TYPE_ID UINT64_C(0x%016llx)\n", upper.text,
                (unsigned long long)schema_node_get_id(node));
        fprintf(g->header, "#define %s_DATA_WORDS %u\n", upper.text,
                (unsigned)schema_node_struct_get_data_word_count(s));
        fprintf(g->header, "#define %s_POINTER_COUNT %u\n", upper.text,
                (unsigned)schema_node_struct_get_pointer_count(s));
    }
    if (schema_node_struct_get_discriminant_count(s) > 0)
        put_which(g, node, &name);

    for (uint32_t i = 0; i < fields.count; i++) {
        struct schema_field_reader field = schema_field_at(fields, i);

        if (schema_field_which(field) == SCHEMA_FIELD_WHICH_GROUP) {
            uint64_t id = schema_field_group_get_type_id(schema_field_get_group(field));

            put_struct_types(g, node_by_id(g, id));
        }
    }
}
