/* Interfaces: what a service can be asked, as numbers, and glue for both sides of a call
 * (docs/adr/0005-services-are-interfaces.md).
 *
 * A method takes one struct and answers one, both by name: their bodies travel by themselves, so each is a
 * message that can be read, and grow, by itself. */
#include "tools/capnpc-nx/generate.h"

struct method {
    struct nx_bytes spelling;
    struct name name, upper;
    struct name takes, answers; /* the structs */
};

/* False: complained about. */
static bool read_method(struct generator *g, struct schema_node_reader node, uint32_t i,
                        struct method *out)
{
    struct nx_capn_list methods =
        schema_node_interface_get_methods(schema_node_get_interface(node));
    struct schema_method_reader method = schema_method_at(methods, i);
    struct schema_node_reader takes = node_by_id(g, schema_method_get_param_struct_type(method));
    struct schema_node_reader answers = node_by_id(g, schema_method_get_result_struct_type(method));

    out->spelling = schema_method_get_name(method);
    if (schema_node_get_scope_id(takes) == 0 || schema_node_get_scope_id(answers) == 0) {
        complain(g, node, out->spelling,
                 "fields in place of a struct are not supported: name the struct");
        return false;
    }
    name_of_identifier(out->spelling, &out->name);
    out->upper = name_upper(&out->name);
    out->takes = node_name(g, takes);
    out->answers = node_name(g, answers);
    return true;
}

/* ---- the first part of the header: the numbers -------------------------------------------------- */

static void put_numbers(struct generator *g, struct schema_node_reader node,
                        const struct name *name, uint32_t count)
{
    struct name upper = name_upper(name);
    struct method m;

    fputc('\n', g->header);
    put_doc(g, g->header, schema_node_get_id(node), -1);
    fprintf(g->header, "enum %s_method {\n", name->text);
    fprintf(g->source,
            "\nconst char *%s_method_name(uint16_t method)\n{\n"
            "    static const char *const names[] = {\n",
            name->text);
    for (uint32_t i = 0; i < count; i++) {
        if (!read_method(g, node, i, &m))
            continue;
        claim(g, node, m.spelling, "%s_METHOD_%s", upper.text, m.upper.text);
        fprintf(g->header, "    %s_METHOD_%s = %u,\n", upper.text, m.upper.text, (unsigned)i);
        fprintf(g->source, "        \"%.*s\",\n", (int)m.spelling.len,
                (const char *)m.spelling.ptr);
    }
    fprintf(g->header, "};\n#define %s_METHOD_COUNT %uu\n", upper.text, (unsigned)count);
    fprintf(g->header,
            "\n/* As the schema spells it; \"unknown\" for a number that a newer schema has. */\n"
            "const char *%s_method_name(uint16_t method);\n",
            name->text);
    fprintf(g->source,
            "    };\n\n    return method < %s_METHOD_COUNT ? names[method] : \"unknown\";\n}\n",
            upper.text);
}

void put_interface_types(struct generator *g, struct schema_node_reader node)
{
    struct schema_node_interface_reader s = schema_node_get_interface(node);
    struct nx_bytes none = nx_bytes_of(NULL, 0);
    struct name name = node_name(g, node);
    struct name upper = name_upper(&name);
    uint32_t count = schema_node_interface_get_methods(s).count;

    if (count == 0)
        return; /* there is nothing to ask */
    if (schema_node_interface_get_superclasses(s).count > 0) {
        complain(g, node, none, "an interface that extends another one is not supported");
        return;
    }
    claim(g, node, none, "enum %s_method", name.text);
    claim(g, node, none, "%s_METHOD_COUNT", upper.text);
    claim(g, node, none, "%s_method_name", name.text);
    claim(g, node, none, "struct %s_handlers", name.text);
    claim(g, node, none, "%s_serve", name.text);
    put_numbers(g, node, &name, count);
}

/* ---- the third part: the side that calls --------------------------------------------------------- */

/* Defined in the source: where files import each other in a circle, the functions of a struct may come
 * after this in a header. */
static void put_stubs(struct generator *g, struct schema_node_reader node, const struct name *name,
                      const struct method *m)
{
    claim(g, node, m->spelling, "%s_%s_call", name->text, m->name.text);
    claim(g, node, m->spelling, "%s_%s_answer", name->text, m->name.text);
    fprintf(g->header,
            "\n/* The body of a call of `%.*s`, to be filled; and what it answered, of a message "
            "over the "
            "body of the reply. */\n"
            "struct %s_builder %s_%s_call(struct nx_capn_builder *body);\n"
            "struct %s_reader %s_%s_answer(struct nx_capn_message *body);\n",
            (int)m->spelling.len, (const char *)m->spelling.ptr, m->takes.text, name->text,
            m->name.text, m->answers.text, name->text, m->name.text);
    fprintf(g->source,
            "\nstruct %s_builder %s_%s_call(struct nx_capn_builder *body)\n{\n"
            "    return %s_new_root(body);\n}\n",
            m->takes.text, name->text, m->name.text, m->takes.text);
    fprintf(g->source,
            "\nstruct %s_reader %s_%s_answer(struct nx_capn_message *body)\n{\n"
            "    return %s_root(body);\n}\n",
            m->answers.text, name->text, m->name.text, m->answers.text);
}

/* ---- the side that answers ------------------------------------------------------------------------ */

static void put_handlers(struct generator *g, struct schema_node_reader node,
                         const struct name *name, uint32_t count)
{
    struct method m;

    fprintf(
        g->header,
        "\n/* What answers each method, NULL where nothing does; as core/capn/service.h says. */\n"
        "struct %s_handlers {\n",
        name->text);
    for (uint32_t i = 0; i < count; i++) {
        if (!read_method(g, node, i, &m))
            continue;
        put_doc(g, g->header, schema_node_get_id(node), (int)i);
        fprintf(g->header,
                "    enum nx_status (*on_%s)(void *self, struct %s_reader params,\n"
                "        struct %s_builder results, struct nx_why *why);\n",
                m.name.text, m.takes.text, m.answers.text);
    }
    fputs("};\n", g->header);
}

static const char serve_parameters[] =
    "void *self,\n    uint16_t method, struct nx_bytes body, void *memory, size_t cap,\n"
    "    struct nx_bytes *reply, struct nx_why *why)";

static void put_serve(struct generator *g, struct schema_node_reader node, const struct name *name,
                      uint32_t count)
{
    struct name upper = name_upper(name);
    struct method m;

    fprintf(g->header,
            "\n/* Answer one call, as nx_capn_service_begin and nx_capn_service_end. */\n"
            "NX_MUST_CHECK enum nx_status %s_serve(const struct %s_handlers *handlers, %s;\n",
            name->text, name->text, serve_parameters);
    fprintf(g->source,
            "\nenum nx_status %s_serve(const struct %s_handlers *handlers, %s\n{\n"
            "    struct nx_capn_service_call call;\n"
            "    enum nx_status status = nx_capn_service_begin(&call, body, memory, cap, why);\n\n"
            "    if (status != NX_OK)\n        return status;\n"
            "    status = NX_E_UNSUPPORTED;\n    switch (method) {\n",
            name->text, name->text, serve_parameters);
    for (uint32_t i = 0; i < count; i++) {
        if (!read_method(g, node, i, &m))
            continue;
        fprintf(g->source,
                "    case %s_METHOD_%s:\n        if (handlers->on_%s != NULL)\n"
                "            status = handlers->on_%s(self, %s_root(&call.params),\n"
                "                %s_new_root(&call.results), why);\n        break;\n",
                upper.text, m.upper.text, m.name.text, m.name.text, m.takes.text, m.answers.text);
    }
    fputs("    default:\n        break;\n    }\n"
          "    return nx_capn_service_end(&call, status, reply, why);\n}\n",
          g->source);
}

void put_interface(struct generator *g, struct schema_node_reader node)
{
    struct name name = node_name(g, node);
    uint32_t count = schema_node_interface_get_methods(schema_node_get_interface(node)).count;
    struct method m;

    if (count == 0)
        return;
    g->has_services = true;
    for (uint32_t i = 0; i < count; i++) {
        if (read_method(g, node, i, &m))
            put_stubs(g, node, &name, &m);
    }
    put_handlers(g, node, &name, count);
    put_serve(g, node, &name, count);
}
