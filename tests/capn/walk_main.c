/* The driver of the differential test: many messages of one type per run.
 *
 *   walk list                        the types, "file type" a line
 *   walk fill FILE TYPE SEED COUNT   writes message.bin (framed, some of several segments),
 *                                    message.txt (a line each), message.canonical, message.packed
 *   walk print FILE TYPE             reads framed messages from standard input, prints a line each */
#include "core/capn/copy.h"
#include "core/capn/packed.h"
#include "tests/capn/walk.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX      (1u << 16)
#define SEGMENT_MAX    500u      /* of what the tool reads: it takes fewer than 512 */
#define SEGMENT_MAX_IN WORDS_MAX /* of what it writes, with segments of a word */

static const struct nx_capn_limits limits = {
    .words_max = WORDS_MAX, .traversal_words_max = 4 * WORDS_MAX, .depth_max = 64, .utf8 = true};

static uint8_t memory[WORDS_MAX * 8];
static uint8_t canonical[WORDS_MAX * 8];
static uint8_t framed[WORDS_MAX * 8 + 4096];
static uint8_t packed[WORDS_MAX * 10 + 4096];

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "walk: %s\n", what);
    exit(1);
}

static const struct walk_type *find(const char *file, const char *name)
{
    for (size_t i = 0; i < walk_schema_count; i++) {
        for (size_t j = 0; j < walk_schemas[i]->type_count; j++) {
            if (strcmp(walk_schemas[i]->file, file) == 0 &&
                strcmp(walk_schemas[i]->types[j].name, name) == 0)
                return &walk_schemas[i]->types[j];
        }
    }
    fprintf(stderr, "walk: no type %s in %s\n", name, file);
    exit(1);
}

/* Half of the messages have one segment; the others have room in pieces of random sizes. */
static uint32_t lay_out(struct walk *w, struct nx_capn_room *rooms)
{
    uint32_t at = 0;
    uint32_t count = 0;

    if (walk_below(w, 2) == 0) {
        rooms[0] = (struct nx_capn_room){.ptr = memory, .word_cap = WORDS_MAX / 2};
        return 1;
    }
    while (count < SEGMENT_MAX - 1) {
        uint32_t words = 1 + walk_below(w, 20);

        rooms[count++] = (struct nx_capn_room){.ptr = memory + 8 * at, .word_cap = words};
        at += words;
    }
    rooms[count++] = (struct nx_capn_room){.ptr = memory + 8 * at, .word_cap = WORDS_MAX / 2};
    return count;
}

static FILE *create(const char *name)
{
    FILE *file = fopen(name, "wb");

    need(file != NULL, name);
    return file;
}

static void fill(const struct walk_type *type, uint64_t seed, unsigned long count)
{
    FILE *bin = create("message.bin");
    FILE *txt = create("message.txt");
    FILE *canon = create("message.canonical");
    FILE *pack = create("message.packed");
    struct walk w;

    nx_prng_init(&w.prng, seed, type->name);
    for (unsigned long i = 0; i < count; i++) {
        struct nx_capn_room rooms[SEGMENT_MAX];
        struct nx_capn_segment table[SEGMENT_MAX];
        struct nx_capn_builder b;
        struct nx_capn_message m;
        struct nx_bytes message;
        struct nx_writer out = nx_writer_over(framed, sizeof(framed));
        struct nx_writer p = nx_writer_over(packed, sizeof(packed));

        w.depth = 2 + walk_below(&w, 6);
        w.budget = 1 + walk_below(&w, 100);
        nx_capn_builder_init(&b, rooms, lay_out(&w, rooms));
        type->fill(&w, &b);
        need(nx_capn_builder_encode(&b, &out) == NX_OK, "a message does not fit");
        need(out.len == nx_capn_builder_frame_len(&b), "a size was not known before writing");
        fwrite(framed, 1, out.len, bin);

        need(nx_capn_message_open(&m, &limits, nx_writer_bytes(&out), table, SEGMENT_MAX) == NX_OK,
             "a message does not open");
        type->print(txt, &m);
        fputc('\n', txt);
        need(m.status == NX_OK, "a message does not read");

        struct nx_capn_struct root = nx_capn_read_struct(nx_capn_root(&m));
        uint64_t words = nx_capn_canonical_words(root);
        nx_capn_builder_init_frame(&b, canonical, (size_t)(words + 1) * 8);
        need(nx_capn_canonicalize(&b, root) == NX_OK, "a message has no canonical form");
        need(nx_capn_builder_finish(&b, &message) == NX_OK &&
                 message.len == (size_t)(words + 1) * 8,
             "a canonical size was not known before writing");
        fwrite(message.ptr + 8, 1, message.len - 8, canon);

        /* The tool packs what it writes, and it writes one segment: pack the canonical message. */
        need(nx_capn_pack(message, &p) == NX_OK, "a message does not pack");
        fwrite(packed, 1, p.len, pack);
        out = nx_writer_over(framed, sizeof(framed));
        need(nx_capn_unpack(nx_writer_bytes(&p), &out) == NX_OK &&
                 nx_bytes_equal(nx_writer_bytes(&out), message),
             "a packed message does not come back");
    }
    fclose(bin);
    fclose(txt);
    fclose(canon);
    fclose(pack);
}

static void print(const struct walk_type *type)
{
    static uint8_t in[2 * sizeof(framed)];
    size_t len = 0;

    for (;;) {
        static struct nx_capn_segment table[SEGMENT_MAX_IN];
        struct nx_capn_message m;
        uint32_t count;
        size_t used;

        len += fread(in + len, 1, sizeof(in) - len, stdin);
        if (len == 0)
            return;
        need(nx_capn_frame_decode(nx_bytes_of(in, len), WORDS_MAX, table, SEGMENT_MAX_IN, &count,
                                  &used) == NX_OK,
             "a message does not decode");
        need(nx_capn_message_over(&m, &limits, table, count) == NX_OK, "a message does not open");
        type->print(stdout, &m);
        putchar('\n');
        need(m.status == NX_OK, m.why);
        memmove(in, in + used, len - used);
        len -= used;
    }
}

static void list(void)
{
    for (size_t i = 0; i < walk_schema_count; i++) {
        for (size_t j = 0; j < walk_schemas[i]->type_count; j++)
            printf("%s %s\n", walk_schemas[i]->file, walk_schemas[i]->types[j].name);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        list();
    else if (argc == 6 && strcmp(argv[1], "fill") == 0)
        fill(find(argv[2], argv[3]), strtoull(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "print") == 0)
        print(find(argv[2], argv[3]));
    else
        need(false, "usage: walk list | fill FILE TYPE SEED COUNT | print FILE TYPE");
    return 0;
}
