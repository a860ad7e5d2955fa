/* An old reader on new bytes and a new reader on old bytes (schemas/test/bird_old, bird_new). */
#include "core/base/limits.h"
#include "core/capn/copy.h"
#include "schemas/test/bird_new.capnp.h"
#include "schemas/test/bird_old.capnp.h"
#include "tests/unit/unit.h"

static struct nx_bytes text(const char *string)
{
    return nx_bytes_of_text(string);
}

struct message {
    uint8_t memory[512];
    struct nx_capn_builder b;
    struct nx_capn_segment table[1];
    struct nx_capn_message m;
};

static void make(struct message *message)
{
    nx_capn_builder_init_frame(&message->b, message->memory, sizeof(message->memory));
}

static void deliver(struct message *message)
{
    struct nx_bytes bytes = nx_bytes_of(NULL, 0);

    EXPECT_STATUS(nx_capn_builder_finish(&message->b, &bytes), NX_OK);
    EXPECT_STATUS(
        nx_capn_message_open(&message->m, &nx_capn_limits_default, bytes, message->table, 1),
        NX_OK);
}

/* ---- old bytes ------------------------------------------------------------------------------- */

static void make_old(struct message *message)
{
    make(message);
    struct bird_old_bird_builder bird = bird_old_bird_new_root(&message->b);
    bird_old_bird_set_name(bird, text("wren"));
    bird_old_bird_set_eggs(bird, 5);
    bird_old_bird_set_mood(bird, BIRD_OLD_MOOD_LOUD);
    struct nx_capn_list_builder tags = bird_old_bird_init_tags(bird, 2);
    nx_capn_list_set_u32(tags, 0, 70);
    nx_capn_list_set_u32(tags, 1, 80);
    nx_capn_list_set_text(bird_old_bird_init_songs(bird, 1), 0, text("tsit"));
    bird_old_bird_set_flies(bird, 40);
    bird_old_nest_set_height(bird_old_bird_init_nest(bird), 3);
    struct nx_capn_list_builder friends = bird_old_bird_init_friends(bird, 2);
    bird_old_nest_set_height(bird_old_nest_edit_at(friends, 1), 9);
    deliver(message);
}

static void check_new_reader(void)
{
    struct message message;

    make_old(&message);
    struct bird_new_bird_reader bird = bird_new_bird_root(&message.m);

    unit_row("a new reader finds the old fields");
    EXPECT_BYTES(bird_new_bird_get_name(bird), text("wren"));
    EXPECT_EQ(bird_new_bird_get_eggs(bird), 5);
    EXPECT_EQ(bird_new_bird_get_mood(bird), BIRD_NEW_MOOD_LOUD);
    EXPECT_EQ(bird_new_bird_which(bird), BIRD_NEW_BIRD_WHICH_FLIES);
    EXPECT_EQ(bird_new_bird_get_flies(bird), 40);

    unit_row("a new reader finds the defaults of new fields");
    EXPECT(bird_new_bird_get_ringed(bird));
    EXPECT_EQ(bird_new_bird_get_weight(bird), 250);
    EXPECT_BYTES(bird_new_bird_get_motto(bird), text("tweet"));
    EXPECT(!bird_new_bird_has_motto(bird));
    EXPECT_EQ(bird_new_nest_get_twigs(bird_new_bird_get_nest(bird)), 100);

    unit_row("a new reader sees structs in a list of numbers");
    struct nx_capn_list tags = bird_new_bird_get_tags(bird);
    EXPECT_EQ(tags.count, 2);
    EXPECT_EQ(bird_new_tag_get_number(bird_new_tag_at(tags, 1)), 80);
    EXPECT_EQ(bird_new_tag_get_since(bird_new_tag_at(tags, 1)), 0);
    EXPECT_EQ(bird_new_tag_get_note(bird_new_tag_at(tags, 1)).len, 0);

    unit_row("a new reader sees structs in a list of texts");
    struct nx_capn_list songs = bird_new_bird_get_songs(bird);
    EXPECT_BYTES(bird_new_song_get_title(bird_new_song_at(songs, 0)), text("tsit"));
    EXPECT_EQ(bird_new_song_get_seconds(bird_new_song_at(songs, 0)), 30);

    unit_row("a new reader finds defaults in shorter structs of a list");
    struct nx_capn_list friends = bird_new_bird_get_friends(bird);
    EXPECT_EQ(bird_new_nest_get_height(bird_new_nest_at(friends, 1)), 9);
    EXPECT_EQ(bird_new_nest_get_twigs(bird_new_nest_at(friends, 1)), 100);
    EXPECT_STATUS(message.m.status, NX_OK);
}

/* ---- new bytes ------------------------------------------------------------------------------- */

static void make_new(struct message *message)
{
    make(message);
    struct bird_new_bird_builder bird = bird_new_bird_new_root(&message->b);
    bird_new_bird_set_name(bird, text("swan"));
    bird_new_bird_set_mood(bird, BIRD_NEW_MOOD_CURIOUS);
    struct nx_capn_list_builder tags = bird_new_bird_init_tags(bird, 2);
    bird_new_tag_set_number(bird_new_tag_edit_at(tags, 0), 7);
    bird_new_tag_set_note(bird_new_tag_edit_at(tags, 0), text("left leg"));
    bird_new_tag_set_number(bird_new_tag_edit_at(tags, 1), 8);
    struct nx_capn_list_builder songs = bird_new_bird_init_songs(bird, 1);
    bird_new_song_set_title(bird_new_song_edit_at(songs, 0), text("hiss"));
    bird_new_bird_set_swims(bird, text("far"));
    bird_new_bird_set_weight(bird, 9000);
    bird_new_nest_set_owner(bird_new_bird_init_nest(bird), text("the park"));
    deliver(message);
}

static void check_old_reader(void)
{
    struct message message;

    make_new(&message);
    struct bird_old_bird_reader bird = bird_old_bird_root(&message.m);

    unit_row("an old reader finds its fields and passes over the others");
    EXPECT_BYTES(bird_old_bird_get_name(bird), text("swan"));
    EXPECT_EQ(bird_old_bird_get_eggs(bird), 0);
    EXPECT_EQ(bird_old_nest_get_height(bird_old_bird_get_nest(bird)), 0);

    unit_row("an old reader sees an enumerant that it does not know as a number");
    EXPECT_EQ(bird_old_bird_get_mood(bird), 2);
    EXPECT_TEXT(bird_old_mood_name(bird_old_bird_get_mood(bird)), "unknown");

    unit_row("an old reader sees a member that it does not know as none of its own");
    EXPECT_EQ(bird_old_bird_which(bird), 2);
    EXPECT_EQ(bird_old_bird_get_flies(bird), 0);

    unit_row("an old reader sees numbers in a list of structs");
    struct nx_capn_list tags = bird_old_bird_get_tags(bird);
    EXPECT_EQ(tags.count, 2);
    EXPECT_EQ(nx_capn_list_u32(tags, 0), 7);
    EXPECT_EQ(nx_capn_list_u32(tags, 1), 8);

    unit_row("an old reader sees texts in a list of structs");
    EXPECT_BYTES(nx_capn_list_text(bird_old_bird_get_songs(bird), 0), text("hiss"));
    EXPECT_STATUS(message.m.status, NX_OK);
}

static void check_passing_on(void)
{
    struct message message;
    struct message copy;

    unit_row("what an old reader does not know survives a copy that it makes");
    make_new(&message);
    make(&copy);
    bird_old_bird_copy(nx_capn_builder_root(&copy.b), bird_old_bird_root(&message.m));
    deliver(&copy);
    struct bird_new_bird_reader bird = bird_new_bird_root(&copy.m);
    EXPECT_EQ(bird_new_bird_get_weight(bird), 9000);
    EXPECT_BYTES(bird_new_bird_get_swims(bird), text("far"));
    EXPECT_BYTES(bird_new_tag_get_note(bird_new_tag_at(bird_new_bird_get_tags(bird), 0)),
                 text("left leg"));
    EXPECT_BYTES(bird_new_nest_get_owner(bird_new_bird_get_nest(bird)), text("the park"));
    EXPECT_STATUS(copy.m.status, NX_OK);

    unit_row("so does an element of a list of old numbers, copied as a new struct");
    make_old(&message);
    make(&copy);
    struct bird_new_bird_builder out = bird_new_bird_new_root(&copy.b);
    struct nx_capn_list tags = bird_new_bird_get_tags(bird_new_bird_root(&message.m));
    struct nx_capn_list_builder slots =
        nx_capn_new_list(nx_capn_struct_slot(out.s, 0), NX_CAPN_POINTER, 1);
    bird_new_tag_copy(nx_capn_list_slot(slots, 0), bird_new_tag_at(tags, 1));
    deliver(&copy);
    struct nx_capn_list list =
        nx_capn_read_list(nx_capn_struct_ref(bird_new_bird_root(&copy.m).s, 0), NX_CAPN_POINTER);
    EXPECT_EQ(bird_new_tag_get_number(bird_new_tag_read(nx_capn_list_ref(list, 0))), 80);
}

UNIT_SUITE(evolution_test)
{
    check_new_reader();
    check_old_reader();
    check_passing_on();
}
