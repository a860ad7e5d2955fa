/* capnpc-nx: the compiler's plugin that writes C.
 *
 *     capnp compile -o capnpc-nx:out --src-prefix=schemas schemas/samgr.capnp
 *
 * writes out/samgr.capnp.h and out/samgr.capnp.c (docs/capnp.md). It reads the request with the
 * project's own runtime. What is not supported is an error with file and line; then nothing is
 * written for that file, and the exit code is 1. */
#include "core/capn/frame.h"
#include "tools/capnpc-nx/generate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REQUEST_WORDS_MAX (1u << 27) /* 1 GiB */
#define SEGMENT_COUNT_MAX 4096u      /* the compiler's segments double */

static void die(const char *what, const char *why)
{
    fprintf(stderr, "capnpc-nx: %s: %s\n", what, why);
    exit(1);
}

/* The whole of standard input. */
static struct nx_bytes read_request(void)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    size_t cap = 0;
    size_t got;

    do {
        if (len == cap) {
            cap = cap == 0 ? 1u << 20 : 2 * cap;
            bytes = realloc(bytes, cap);
            if (bytes == NULL)
                die("the request", "out of memory");
        }
        got = fread(bytes + len, 1, cap - len, stdin);
        len += got;
    } while (got > 0);
    return nx_bytes_of(bytes, len);
}

/* ---- a file -------------------------------------------------------------------------------- */

/* Every type and constant of the file, those nested in a struct right behind it. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests types */
static void walk(struct generator *g, struct schema_node_reader parent,
                 void (*each)(struct generator *, struct schema_node_reader))
{
    struct nx_capn_list nested = schema_node_get_nested_nodes(parent);

    for (uint32_t i = 0; i < nested.count; i++) {
        uint64_t id = schema_node_nested_node_get_id(schema_node_nested_node_at(nested, i));
        struct schema_node_reader node = node_by_id(g, id);

        each(g, node);
        walk(g, node, each);
    }
}

static void visit_types(struct generator *g, struct schema_node_reader node)
{
    switch (schema_node_which(node)) {
    case SCHEMA_NODE_WHICH_STRUCT:
        put_struct_types(g, node);
        return;
    case SCHEMA_NODE_WHICH_ENUM:
        put_enum(g, node);
        return;
    case SCHEMA_NODE_WHICH_INTERFACE:
        put_interface_types(g, node);
        return;
    case SCHEMA_NODE_WHICH_FILE:
    case SCHEMA_NODE_WHICH_CONST:
    case SCHEMA_NODE_WHICH_ANNOTATION: /* for other generators to read */
        return;
    }
}

static void visit_functions(struct generator *g, struct schema_node_reader node)
{
    if (schema_node_which(node) == SCHEMA_NODE_WHICH_STRUCT)
        put_struct_functions(g, node);
    else if (schema_node_which(node) == SCHEMA_NODE_WHICH_INTERFACE)
        put_interface(g, node);
    else if (schema_node_which(node) == SCHEMA_NODE_WHICH_CONST)
        put_constant(g, node);
}

/* ---- imports ------------------------------------------------------------------------------- */

/* Files whose types are used; an import for annotations alone needs no header. */
struct uses {
    struct generator *g;
    uint64_t file_ids[1024];
    size_t count;
};

static void note_file(struct uses *uses, uint64_t type_id)
{
    uint64_t file_id = node_file_id(uses->g, node_by_id(uses->g, type_id));

    for (size_t i = 0; i < uses->count; i++) {
        if (uses->file_ids[i] == file_id)
            return;
    }
    if (uses->count == NX_COUNT_OF(uses->file_ids))
        die(uses->g->filename, "it imports too many files");
    uses->file_ids[uses->count++] = file_id;
}

static void note_type(struct uses *uses, struct schema_type_reader type)
{
    while (schema_type_which(type) == SCHEMA_TYPE_WHICH_LIST)
        type = schema_type_list_get_element_type(schema_type_get_list(type));
    if (schema_type_which(type) == SCHEMA_TYPE_WHICH_ENUM)
        note_file(uses, schema_type_enum_get_type_id(schema_type_get_enum(type)));
    else if (schema_type_which(type) == SCHEMA_TYPE_WHICH_STRUCT)
        note_file(uses, schema_type_struct_get_type_id(schema_type_get_struct(type)));
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests groups */
static void note_struct(struct uses *uses, struct schema_node_reader node)
{
    struct nx_capn_list fields = schema_node_struct_get_fields(schema_node_get_struct(node));

    for (uint32_t i = 0; i < fields.count; i++) {
        struct schema_field_reader field = schema_field_at(fields, i);

        if (schema_field_which(field) == SCHEMA_FIELD_WHICH_SLOT)
            note_type(uses, schema_field_slot_get_type(schema_field_get_slot(field)));
        else
            note_struct(uses, node_by_id(uses->g, schema_field_group_get_type_id(
                                                      schema_field_get_group(field))));
    }
}

static void note_methods(struct uses *uses, struct schema_node_reader node)
{
    struct nx_capn_list methods =
        schema_node_interface_get_methods(schema_node_get_interface(node));

    for (uint32_t i = 0; i < methods.count; i++) {
        struct schema_method_reader method = schema_method_at(methods, i);

        note_file(uses, schema_method_get_param_struct_type(method));
        note_file(uses, schema_method_get_result_struct_type(method));
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the schema nests types */
static void note_nodes(struct uses *uses, struct schema_node_reader parent)
{
    struct nx_capn_list nested = schema_node_get_nested_nodes(parent);

    for (uint32_t i = 0; i < nested.count; i++) {
        uint64_t id = schema_node_nested_node_get_id(schema_node_nested_node_at(nested, i));
        struct schema_node_reader node = node_by_id(uses->g, id);

        if (schema_node_which(node) == SCHEMA_NODE_WHICH_STRUCT)
            note_struct(uses, node);
        else if (schema_node_which(node) == SCHEMA_NODE_WHICH_INTERFACE)
            note_methods(uses, node);
        else if (schema_node_which(node) == SCHEMA_NODE_WHICH_CONST)
            note_type(uses, schema_node_const_get_type(schema_node_get_const(node)));
        note_nodes(uses, node);
    }
}

/* As the schema spells the import; a file that came in through another one's alias has only the
 * name that the compiler knows it by. */
static struct nx_bytes import_name(const struct generator *g, uint64_t file_id)
{
    struct nx_capn_list imports = schema_code_generator_request_requested_file_get_imports(g->file);

    for (uint32_t i = 0; i < imports.count; i++) {
        struct schema_code_generator_request_requested_file_import_reader import =
            schema_code_generator_request_requested_file_import_at(imports, i);

        if (schema_code_generator_request_requested_file_import_get_id(import) == file_id)
            return schema_code_generator_request_requested_file_import_get_name(import);
    }
    return schema_node_get_display_name(node_by_id(g, file_id));
}

static void put_imports(struct generator *g, struct schema_node_reader file)
{
    struct uses uses = {.g = g};
    bool any = false;

    note_nodes(&uses, file);
    for (size_t i = 0; i < uses.count; i++) {
        struct nx_bytes name = import_name(g, uses.file_ids[i]);

        if (uses.file_ids[i] == schema_node_get_id(file))
            continue;
        if (!any)
            fputc('\n', g->header);
        any = true;
        if (name.len > 0 && name.ptr[0] == '/')
            name = nx_bytes_skip(name, 1);
        fprintf(g->header, "#include \"%.*s.h\"\n", (int)name.len, (const char *)name.ptr);
    }
}

/* ---- output -------------------------------------------------------------------------------- */

/* Folders of a path that has some, below the output folder. */
static void make_folders(const char *path)
{
    char folder[4200];

    for (size_t i = 0; path[i] != '\0' && i < sizeof(folder) - 1; i++) {
        folder[i] = path[i];
        folder[i + 1] = '\0';
        if (path[i] == '/' && mkdir(folder, 0777) != 0 && errno != EEXIST)
            die(folder, strerror(errno));
    }
}

static void write_file(const char *filename, const char *suffix, const char *head, const char *text)
{
    char path[4200];

    snprintf(path, sizeof(path), "%s%s", filename, suffix);
    make_folders(path);

    FILE *out = fopen(path, "w");
    if (out == NULL)
        die(path, strerror(errno));
    fputs(head, out);
    fputs(text, out);
    if (ferror(out) != 0 || fclose(out) != 0)
        die(path, "cannot be written");
}

/* Includes are known last: a schema without floating point has none. */
static void write_both(struct generator *g, const char *header, const char *source)
{
    struct name upper = name_upper(&g->prefix);
    const char *base = strrchr(g->filename, '/');
    char head[3 * sizeof(g->filename)];

    base = base == NULL ? g->filename : base + 1;
    snprintf(head, sizeof(head),
             "/* %s as C: made by capnpc-nx, made again at each build. Change the schema. */\n"
             "#ifndef %s_CAPNP_H\n#define %s_CAPNP_H\n\n"
             "#include \"core/capn/builder.h\"\n#include \"core/capn/copy.h\"\n%s"
             "#include \"core/capn/reader.h\"\n%s",
             base, upper.text, upper.text, g->uses_floats ? "#include \"core/capn/float.h\"\n" : "",
             g->has_services ? "#include \"core/capn/service.h\"\n" : "");
    write_file(g->filename, ".h", head, header);
    snprintf(head, sizeof(head),
             "/* %s as C: made by capnpc-nx, made again at each build. Change the schema. */\n"
             "#include \"%s.h\"\n",
             base, base);
    write_file(g->filename, ".c", head, source);
}

static bool generate(struct generator *g)
{
    struct schema_node_reader file =
        node_by_id(g, schema_code_generator_request_requested_file_get_id(g->file));
    char *header = NULL;
    char *source = NULL;
    size_t header_len;
    size_t source_len;

    g->prefix = node_name(g, file);
    g->header = open_memstream(&header, &header_len);
    g->source = open_memstream(&source, &source_len);
    if (g->header == NULL || g->source == NULL)
        die(g->filename, strerror(errno));

    walk(g, file, visit_types);
    if (!g->failed) {
        put_imports(g, file);
        walk(g, file, visit_functions);
    }
    fputs("\n#endif\n", g->header);

    fclose(g->header);
    fclose(g->source);
    if (!g->failed)
        write_both(g, header, source);
    free(header);
    free(source);
    name_set_free(&g->names);
    return !g->failed;
}

int main(void)
{
    static struct nx_capn_segment table[SEGMENT_COUNT_MAX];
    static const struct nx_capn_limits limits = {
        .words_max = REQUEST_WORDS_MAX,
        .traversal_words_max = UINT64_MAX, /* the compiler is trusted; names are read many times */
        .depth_max = 64,
        .utf8 = true,
    };
    struct nx_bytes in = read_request();
    struct nx_capn_message m;
    bool good = true;

    if (nx_capn_message_open(&m, &limits, in, table, SEGMENT_COUNT_MAX) != NX_OK)
        die("the request", m.why);

    struct schema_code_generator_request_reader request = schema_code_generator_request_root(&m);
    struct nx_capn_list files = schema_code_generator_request_get_requested_files(request);
    for (uint32_t i = 0; i < files.count; i++) {
        struct generator g = {
            .nodes = schema_code_generator_request_get_nodes(request),
            .source_info = schema_code_generator_request_get_source_info(request),
            .file = schema_code_generator_request_requested_file_at(files, i),
        };
        struct nx_bytes filename =
            schema_code_generator_request_requested_file_get_filename(g.file);

        snprintf(g.filename, sizeof(g.filename), "%.*s", (int)filename.len,
                 (const char *)filename.ptr);
        good = generate(&g) && good;
    }
    if (m.status != NX_OK)
        die("the request", m.why);
    free((void *)(uintptr_t)in.ptr);
    return good ? 0 : 1;
}
