/* The accessors of schema.capnp that the generator itself needs, written by hand.
 *
 * capnpc-nx cannot generate what it is built from. These have the names and the meaning of
 * generated ones, so that the same generator is built once more with those; a test holds that the
 * two write the same files (tests/capn/meson.build). Offsets are those of the schema that the
 * compiler ships, checked by that test. */
#ifndef NX_CAPNPC_NX_BOOTSTRAP_SCHEMA_H
#define NX_CAPNPC_NX_BOOTSTRAP_SCHEMA_H

#include "core/capn/float.h"
#include "core/capn/reader.h"

#define TYPE(type)                  \
    struct schema_##type##_reader { \
        struct nx_capn_struct s;    \
    }

#define AT(type)                                                                             \
    static inline struct schema_##type##_reader schema_##type##_at(struct nx_capn_list list, \
                                                                   uint32_t index)           \
    {                                                                                        \
        return (struct schema_##type##_reader){nx_capn_list_struct(list, index)};            \
    }

#define NUMBER(type, field, bits, offset)                                                     \
    static inline uint##bits##_t schema_##type##_get_##field(struct schema_##type##_reader r) \
    {                                                                                         \
        return nx_capn_get_u##bits(r.s, offset);                                              \
    }

#define SIGNED(type, field, bits, offset)                                                    \
    static inline int##bits##_t schema_##type##_get_##field(struct schema_##type##_reader r) \
    {                                                                                        \
        return (int##bits##_t)nx_capn_get_u##bits(r.s, offset);                              \
    }

#define BOOL(type, field, bit)                                                      \
    static inline bool schema_##type##_get_##field(struct schema_##type##_reader r) \
    {                                                                               \
        return nx_capn_get_bool(r.s, bit);                                          \
    }

#define TEXT(type, field, index)                                                               \
    static inline struct nx_bytes schema_##type##_get_##field(struct schema_##type##_reader r) \
    {                                                                                          \
        return nx_capn_read_text(nx_capn_struct_ref(r.s, index), nx_bytes_of("", 0));          \
    }

#define STRUCT(type, field, index, other)                                     \
    static inline struct schema_##other##_reader schema_##type##_get_##field( \
        struct schema_##type##_reader r)                                      \
    {                                                                         \
        return (struct schema_##other##_reader){                              \
            nx_capn_read_struct(nx_capn_struct_ref(r.s, index))};             \
    }

#define LIST(type, field, index)                                                                   \
    static inline struct nx_capn_list schema_##type##_get_##field(struct schema_##type##_reader r) \
    {                                                                                              \
        return nx_capn_read_list(nx_capn_struct_ref(r.s, index), NX_CAPN_COMPOSITE);               \
    }

#define ANY(type, field, index)                                                                   \
    static inline struct nx_capn_ref schema_##type##_get_##field(struct schema_##type##_reader r) \
    {                                                                                             \
        return nx_capn_struct_ref(r.s, index);                                                    \
    }

#define GROUP(type, field, other)                                             \
    static inline struct schema_##other##_reader schema_##type##_get_##field( \
        struct schema_##type##_reader r)                                      \
    {                                                                         \
        return (struct schema_##other##_reader){r.s};                         \
    }

#define WHICH(type, offset)                                              \
    static inline enum schema_##type##_which schema_##type##_which(      \
        struct schema_##type##_reader r)                                 \
    {                                                                    \
        return (enum schema_##type##_which)nx_capn_get_u16(r.s, offset); \
    }

enum schema_node_which {
    SCHEMA_NODE_WHICH_FILE,
    SCHEMA_NODE_WHICH_STRUCT,
    SCHEMA_NODE_WHICH_ENUM,
    SCHEMA_NODE_WHICH_INTERFACE,
    SCHEMA_NODE_WHICH_CONST,
    SCHEMA_NODE_WHICH_ANNOTATION,
};

enum schema_field_which {
    SCHEMA_FIELD_WHICH_SLOT,
    SCHEMA_FIELD_WHICH_GROUP,
};

enum schema_type_which {
    SCHEMA_TYPE_WHICH_VOID,
    SCHEMA_TYPE_WHICH_BOOL,
    SCHEMA_TYPE_WHICH_INT8,
    SCHEMA_TYPE_WHICH_INT16,
    SCHEMA_TYPE_WHICH_INT32,
    SCHEMA_TYPE_WHICH_INT64,
    SCHEMA_TYPE_WHICH_UINT8,
    SCHEMA_TYPE_WHICH_UINT16,
    SCHEMA_TYPE_WHICH_UINT32,
    SCHEMA_TYPE_WHICH_UINT64,
    SCHEMA_TYPE_WHICH_FLOAT32,
    SCHEMA_TYPE_WHICH_FLOAT64,
    SCHEMA_TYPE_WHICH_TEXT,
    SCHEMA_TYPE_WHICH_DATA,
    SCHEMA_TYPE_WHICH_LIST,
    SCHEMA_TYPE_WHICH_ENUM,
    SCHEMA_TYPE_WHICH_STRUCT,
    SCHEMA_TYPE_WHICH_INTERFACE,
    SCHEMA_TYPE_WHICH_ANY_POINTER,
};

enum schema_type_any_pointer_which {
    SCHEMA_TYPE_ANY_POINTER_WHICH_UNCONSTRAINED,
    SCHEMA_TYPE_ANY_POINTER_WHICH_PARAMETER,
    SCHEMA_TYPE_ANY_POINTER_WHICH_IMPLICIT_METHOD_PARAMETER,
};

enum schema_type_any_pointer_unconstrained_which {
    SCHEMA_TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_ANY_KIND,
    SCHEMA_TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_STRUCT,
    SCHEMA_TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_LIST,
    SCHEMA_TYPE_ANY_POINTER_UNCONSTRAINED_WHICH_CAPABILITY,
};

TYPE(node);
TYPE(node_struct);
TYPE(node_enum);
TYPE(node_interface);
TYPE(node_const);
TYPE(node_nested_node);
TYPE(node_source_info);
TYPE(node_source_info_member);
TYPE(field);
TYPE(field_slot);
TYPE(field_group);
TYPE(enumerant);
TYPE(method);
TYPE(type);
TYPE(type_list);
TYPE(type_enum);
TYPE(type_struct);
TYPE(type_any_pointer);
TYPE(type_any_pointer_unconstrained);
TYPE(value);
TYPE(code_generator_request);
TYPE(code_generator_request_requested_file);
TYPE(code_generator_request_requested_file_import);

AT(node)
NUMBER(node, id, 64, 0)
TEXT(node, display_name, 0)
NUMBER(node, display_name_prefix_length, 32, 8)
NUMBER(node, scope_id, 64, 16)
LIST(node, nested_nodes, 1)
WHICH(node, 12)
GROUP(node, struct, node_struct)
GROUP(node, enum, node_enum)
GROUP(node, interface, node_interface)
GROUP(node, const, node_const)

NUMBER(node_struct, data_word_count, 16, 14)
NUMBER(node_struct, pointer_count, 16, 24)
BOOL(node_struct, is_group, 224)
NUMBER(node_struct, discriminant_count, 16, 30)
NUMBER(node_struct, discriminant_offset, 32, 32)
LIST(node_struct, fields, 3)
LIST(node_enum, enumerants, 3)
LIST(node_interface, methods, 3)
LIST(node_interface, superclasses, 4)
STRUCT(node_const, type, 3, type)
STRUCT(node_const, value, 4, value)

AT(node_nested_node)
NUMBER(node_nested_node, id, 64, 0)

AT(node_source_info)
NUMBER(node_source_info, id, 64, 0)
TEXT(node_source_info, doc_comment, 0)
LIST(node_source_info, members, 1)
AT(node_source_info_member)
TEXT(node_source_info_member, doc_comment, 0)

AT(field)
TEXT(field, name, 0)
static inline uint16_t schema_field_get_discriminant_value(struct schema_field_reader r)
{
    return (uint16_t)(nx_capn_get_u16(r.s, 2) ^ 0xffff);
}
#define SCHEMA_FIELD_NO_DISCRIMINANT 0xffff
WHICH(field, 8)
GROUP(field, slot, field_slot)
GROUP(field, group, field_group)
NUMBER(field_slot, offset, 32, 4)
STRUCT(field_slot, type, 2, type)
STRUCT(field_slot, default_value, 3, value)
BOOL(field_slot, had_explicit_default, 128)
NUMBER(field_group, type_id, 64, 16)

AT(enumerant)
TEXT(enumerant, name, 0)

AT(method)
TEXT(method, name, 0)
NUMBER(method, param_struct_type, 64, 8)
NUMBER(method, result_struct_type, 64, 16)

WHICH(type, 0)
GROUP(type, list, type_list)
GROUP(type, enum, type_enum)
GROUP(type, struct, type_struct)
GROUP(type, any_pointer, type_any_pointer)
STRUCT(type_list, element_type, 0, type)
NUMBER(type_enum, type_id, 64, 8)
NUMBER(type_struct, type_id, 64, 8)
WHICH(type_any_pointer, 8)
GROUP(type_any_pointer, unconstrained, type_any_pointer_unconstrained)
WHICH(type_any_pointer_unconstrained, 10)

BOOL(value, bool, 16)
SIGNED(value, int8, 8, 2)
SIGNED(value, int16, 16, 2)
SIGNED(value, int32, 32, 4)
SIGNED(value, int64, 64, 8)
NUMBER(value, uint8, 8, 2)
NUMBER(value, uint16, 16, 2)
NUMBER(value, uint32, 32, 4)
NUMBER(value, uint64, 64, 8)
NUMBER(value, enum, 16, 2)
static inline float schema_value_get_float32(struct schema_value_reader r)
{
    return nx_capn_float_of_bits(nx_capn_get_u32(r.s, 4));
}
static inline double schema_value_get_float64(struct schema_value_reader r)
{
    return nx_capn_double_of_bits(nx_capn_get_u64(r.s, 8));
}
TEXT(value, text, 0)
static inline struct nx_bytes schema_value_get_data(struct schema_value_reader r)
{
    return nx_capn_read_data(nx_capn_struct_ref(r.s, 0), nx_bytes_of(NULL, 0));
}
ANY(value, list, 0)
ANY(value, struct, 0)
ANY(value, any_pointer, 0)

static inline struct schema_code_generator_request_reader schema_code_generator_request_root(
    struct nx_capn_message *m)
{
    return (struct schema_code_generator_request_reader){nx_capn_read_struct(nx_capn_root(m))};
}
LIST(code_generator_request, nodes, 0)
LIST(code_generator_request, requested_files, 1)
LIST(code_generator_request, source_info, 3)
AT(code_generator_request_requested_file)
NUMBER(code_generator_request_requested_file, id, 64, 0)
TEXT(code_generator_request_requested_file, filename, 0)
LIST(code_generator_request_requested_file, imports, 1)
AT(code_generator_request_requested_file_import)
NUMBER(code_generator_request_requested_file_import, id, 64, 0)
TEXT(code_generator_request_requested_file_import, name, 0)

#undef TYPE
#undef AT
#undef NUMBER
#undef SIGNED
#undef BOOL
#undef TEXT
#undef STRUCT
#undef LIST
#undef ANY
#undef GROUP
#undef WHICH

#endif
