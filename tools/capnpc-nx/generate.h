/* Generate: one schema file's accessors.
 *
 * The header comes in three parts, so that files may import each other in a circle and types may be
 * used before they are declared: the types and their sizes; the imports; the functions. */
#ifndef NX_CAPNPC_NX_GENERATE_H
#define NX_CAPNPC_NX_GENERATE_H

#include "schema.capnp.h"

#include "core/base/bytes.h"
#include "tools/capnpc-nx/names.h"

#include <stdio.h>

struct generator {
    struct nx_capn_list nodes;
    struct nx_capn_list source_info;
    struct schema_code_generator_request_requested_file_reader file;
    char filename[4096]; /* as the compiler calls it */
    struct name prefix;  /* of everything in the file */
    struct name_set names;
    FILE *header;
    FILE *source;
    bool uses_floats;
    bool has_services;
    bool failed; /* something was complained about; nothing is written */
};

/* What is emitted for one Cap'n Proto type. */
struct type {
    struct schema_type_reader schema;
    enum schema_type_which which;
    struct name node; /* of an enum or struct */
};

/* ---- model.c ------------------------------------------------------------------------------- */

/* Says that something is not supported, with file and line, on standard error. `member` may be
 * empty. Nothing of this file is written. */
void complain(struct generator *g, struct schema_node_reader node, struct nx_bytes member,
              const char *what);

/* The node of this id, in this file or an imported one; the compiler sends all that are used. */
struct schema_node_reader node_by_id(const struct generator *g, uint64_t id);
struct name node_name(const struct generator *g, struct schema_node_reader node);
uint64_t node_file_id(const struct generator *g, struct schema_node_reader node);

struct type type_of(struct generator *g, struct schema_type_reader schema);

/* The element size of a list of this type; the word for it in generated code. */
enum nx_capn_element type_element(const struct type *type);
const char *element_word(enum nx_capn_element element);

/* Bits of data in a field of this type, 0 for a pointer or nothing. */
unsigned type_bits(const struct type *type);
bool type_is_pointer(const struct type *type);

/* "List(Text)", for comments. */
void put_type_spelling(struct generator *g, FILE *out, const struct type *type);

/* The comment of a node (`member` below 0) or of one of its fields, if the schema has one. */
void put_doc(const struct generator *g, FILE *out, uint64_t node_id, int member);

/* A name that the file defines; a second use is complained about. */
void claim(struct generator *g, struct schema_node_reader node, struct nx_bytes member,
           const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- types.c, fields.c, interfaces.c, values.c --------------------------------------------------------------- */

void put_enum(struct generator *g, struct schema_node_reader node);
void put_struct_types(struct generator *g, struct schema_node_reader node);
void put_struct_functions(struct generator *g, struct schema_node_reader node);
void put_interface_types(struct generator *g, struct schema_node_reader node);
void put_interface(struct generator *g, struct schema_node_reader node);
void put_constant(struct generator *g, struct schema_node_reader node);

/* The bits of a scalar value, as they stand in a data section. */
uint64_t value_bits(const struct type *type, struct schema_value_reader value);

/* The pointer of a text, data, list, struct or any-pointer value. */
struct nx_capn_ref value_ref(const struct type *type, struct schema_value_reader value);

/* `name` as a constant segment in the source file and its declaration in the header. */
void put_segment(struct generator *g, const char *name, struct nx_capn_ref value);

/* A C string literal with exactly these bytes. */
void put_literal(FILE *out, struct nx_bytes bytes);

#endif
