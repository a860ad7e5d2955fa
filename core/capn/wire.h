/* Wire: words and pointers of a Cap'n Proto message, as the encoding specification draws them.
 *
 *   lsb                        struct pointer                        msb
 *   +-+-----------------------------+---------------+---------------+
 *   |0|      offset, signed 30      | data words 16 |  pointers 16  |
 *   +-+-----------------------------+---------------+---------------+
 *                               list pointer
 *   +-+-----------------------------+--+----------------------------+
 *   |1|      offset, signed 30      |C3|          count 29          |
 *   +-+-----------------------------+--+----------------------------+
 *                               far pointer
 *   +-+-+---------------------------+-------------------------------+
 *   |2|D|    pad's position, 29     |          segment, 32          |
 *   +-+-+---------------------------+-------------------------------+
 *
 * The offset counts words from the end of the pointer to the object. C is an element size below; a
 * composite list counts the words of its content and begins with a tag, which is a struct pointer
 * whose offset is the number of elements. D marks a pad of two words: a far pointer to the object,
 * and a tag that describes it. A pointer of kind 3 is a capability, which this room only names.
 *
 * This header is the room's own; everybody else reads with reader.h and writes with builder.h. */
#ifndef NX_CORE_CAPN_WIRE_H
#define NX_CORE_CAPN_WIRE_H

#include "core/base/status.h"

#define NX_CAPN_WORD_LEN 8u

/* What a list pointer's three bits can say. */
enum nx_capn_element {
    NX_CAPN_VOID = 0,
    NX_CAPN_BIT = 1,
    NX_CAPN_BYTE = 2,
    NX_CAPN_TWO_BYTES = 3,
    NX_CAPN_FOUR_BYTES = 4,
    NX_CAPN_EIGHT_BYTES = 5,
    NX_CAPN_POINTER = 6,
    NX_CAPN_COMPOSITE = 7,
    NX_CAPN_ANY_ELEMENT = 8, /* never on the wire: a list as it is */
};

#define NX_CAPN_LIST_COUNT_MAX 0x1fffffffu /* 29 bits, elements or words of a composite list */

enum nx_capn_pointer_kind {
    NX_CAPN_POINTER_STRUCT = 0,
    NX_CAPN_POINTER_LIST = 1,
    NX_CAPN_POINTER_FAR = 2,
    NX_CAPN_POINTER_OTHER = 3,
};

/* Little endian at any address: compilers make one load or store of it where the machine can. */
static inline uint16_t nx_capn_load16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t nx_capn_load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t nx_capn_load64(const uint8_t *p)
{
    return nx_capn_load32(p) | (uint64_t)nx_capn_load32(p + 4) << 32;
}

static inline void nx_capn_store16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static inline void nx_capn_store32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
}

static inline void nx_capn_store64(uint8_t *p, uint64_t value)
{
    nx_capn_store32(p, (uint32_t)value);
    nx_capn_store32(p + 4, (uint32_t)(value >> 32));
}

static inline enum nx_capn_pointer_kind nx_capn_word_kind(uint64_t word)
{
    return (enum nx_capn_pointer_kind)(word & 3);
}

/* The signed offset of a struct or list pointer, in words. */
static inline int32_t nx_capn_word_offset(uint64_t word)
{
    uint32_t raw = (uint32_t)word >> 2;

    return (raw & 0x20000000u) != 0 ? (int32_t)raw - 0x40000000 : (int32_t)raw;
}

/* The same 30 bits of a composite list's tag: how many elements, at most NX_CAPN_LIST_COUNT_MAX. */
static inline uint32_t nx_capn_tag_count(uint64_t word)
{
    return (uint32_t)word >> 2;
}

static inline uint16_t nx_capn_word_data_words(uint64_t word)
{
    return (uint16_t)(word >> 32);
}

static inline uint16_t nx_capn_word_pointer_count(uint64_t word)
{
    return (uint16_t)(word >> 48);
}

static inline enum nx_capn_element nx_capn_word_element(uint64_t word)
{
    return (enum nx_capn_element)(word >> 32 & 7);
}

static inline uint32_t nx_capn_word_list_count(uint64_t word)
{
    return (uint32_t)(word >> 35);
}

static inline bool nx_capn_word_is_double_far(uint64_t word)
{
    return (word & 4) != 0;
}

static inline uint32_t nx_capn_word_far_index(uint64_t word)
{
    return (uint32_t)word >> 3;
}

static inline uint32_t nx_capn_word_far_segment(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static inline uint64_t nx_capn_struct_word(int64_t offset, uint32_t data_words, uint32_t pointers)
{
    return ((uint64_t)offset << 2 & 0xfffffffcu) | NX_CAPN_POINTER_STRUCT |
           (uint64_t)data_words << 32 | (uint64_t)pointers << 48;
}

static inline uint64_t nx_capn_list_word(int64_t offset, enum nx_capn_element element,
                                         uint32_t count)
{
    return ((uint64_t)offset << 2 & 0xfffffffcu) | NX_CAPN_POINTER_LIST | (uint64_t)element << 32 |
           (uint64_t)count << 35;
}

static inline uint64_t nx_capn_far_word(uint32_t index, uint32_t segment)
{
    return (uint64_t)index << 3 | NX_CAPN_POINTER_FAR | (uint64_t)segment << 32;
}

/* Bits of data in one element; a pointer and a composite element have none of a fixed size. */
static inline uint32_t nx_capn_element_bits(enum nx_capn_element element)
{
    static const uint8_t bits[] = {0, 1, 8, 16, 32, 64, 0, 0, 0};

    return bits[element];
}

/* Whole words that hold `count` elements of `step` bits. */
static inline uint64_t nx_capn_words_of_bits(uint64_t count, uint32_t step)
{
    return (count * step + 63) / 64;
}

#endif
