/* Float: fields of floating point, for the schemas that have any.
 *
 * Core computes with integers only. What is here moves bits between a field and a C type, and is
 * included by generated accessors of a schema with Float32 or Float64 in it, by nothing else. */
#ifndef NX_CORE_CAPN_FLOAT_H
#define NX_CORE_CAPN_FLOAT_H

#include <stdint.h>

_Static_assert(sizeof(float) == 4 && sizeof(double) == 8, "IEEE 754, as on the wire");

static inline float nx_capn_float_of_bits(uint32_t bits)
{
    union {
        uint32_t bits;
        float value;
    } u = {.bits = bits};

    return u.value;
}

static inline double nx_capn_double_of_bits(uint64_t bits)
{
    union {
        uint64_t bits;
        double value;
    } u = {.bits = bits};

    return u.value;
}

static inline uint32_t nx_capn_bits_of_float(float value)
{
    union {
        float value;
        uint32_t bits;
    } u = {.value = value};

    return u.bits;
}

static inline uint64_t nx_capn_bits_of_double(double value)
{
    union {
        double value;
        uint64_t bits;
    } u = {.value = value};

    return u.bits;
}

#endif
