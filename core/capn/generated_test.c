/* What capnpc-nx makes of each construct of the schema language (schemas/test/zoo). */
#include "core/base/limits.h"
#include "core/capn/copy.h"
#include "schemas/dsoftbus.capnp.h"
#include "schemas/test/shelf.capnp.h"
#include "schemas/test/zoo.capnp.h"
#include "tests/unit/unit.h"

static struct nx_bytes text(const char *string)
{
    return nx_bytes_of_text(string);
}

struct message {
    uint8_t memory[4096];
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

static void check_constants(void)
{
    struct nx_capn_message m;

    unit_row("constants of numbers, text and data");
    EXPECT_EQ(ZOO_LEGS, 4);
    EXPECT_EQ(ZOO_COLDEST, -128);
    EXPECT(ZOO_DEEPEST == INT32_MIN);
    EXPECT(ZOO_LOWEST == INT64_MIN);
    EXPECT(ZOO_FARTHEST == UINT64_MAX);
    EXPECT(ZOO_OPEN);
    EXPECT_EQ(nx_capn_bits_of_float(ZOO_PI), 0x40490fd0);
    EXPECT_EQ(ZOO_FAVOURITE, SHELF_COLOUR_ULTRA_VIOLET);
    EXPECT_TEXT(ZOO_GREETING, "h\xc3\xa9llo \"zoo\"\n\?\?!");
    EXPECT_BYTES(nx_bytes_of(zoo_magic, ZOO_MAGIC_LEN), nx_bytes_of("\x00\xff\x7f\x80", 4));
    EXPECT_EQ(ZOO_KEEPER_MAX_AGE, 99);

    unit_row("a constant of a struct, with another constant in it");
    struct zoo_keeper_reader mascot = zoo_mascot(&m);
    EXPECT_BYTES(zoo_keeper_get_name(mascot), text("Ada"));
    EXPECT_EQ(zoo_keeper_get_age(mascot), 36);
    struct nx_capn_list animals = zoo_keeper_get_animals(mascot);
    EXPECT_EQ(animals.count, 2);
    EXPECT_BYTES(zoo_animal_get_name(zoo_animal_at(animals, 0)), text("Tux"));
    EXPECT_BYTES(zoo_animal_get_name(zoo_animal_at(animals, 1)), text("Rex"));

    unit_row("a constant of a list");
    struct nx_capn_list primes = zoo_primes(&m);
    EXPECT_EQ(primes.count, 5);
    EXPECT_EQ(nx_capn_list_u16(primes, 4), 11);
    EXPECT_STATUS(m.status, NX_OK);
}

static void check_default_values(struct zoo_defaults_reader r)
{
    EXPECT(zoo_defaults_get_bool(r));
    EXPECT(zoo_defaults_get_int8(r) == -7);
    EXPECT(zoo_defaults_get_int16(r) == -3000);
    EXPECT(zoo_defaults_get_int32(r) == INT32_MIN);
    EXPECT(zoo_defaults_get_int64(r) == INT64_MIN);
    EXPECT_EQ(zoo_defaults_get_u_int8(r), 200);
    EXPECT_EQ(zoo_defaults_get_u_int16(r), 65535);
    EXPECT_EQ(zoo_defaults_get_u_int32(r), 4000000000);
    EXPECT_EQ(zoo_defaults_get_u_int64(r), UINT64_MAX);
    EXPECT_EQ(nx_capn_bits_of_float(zoo_defaults_get_float32(r)), 0xbf000000);
    EXPECT_BYTES(zoo_defaults_get_text(r), text("a \"default\"\t\\ \xe2\x82\xac 7"));
    EXPECT_BYTES(zoo_defaults_get_data(r), nx_bytes_of("\x00\x01\x37\xff", 4));
    EXPECT_EQ(zoo_defaults_get_colour(r), SHELF_COLOUR_ULTRA_VIOLET);
    EXPECT_BYTES(zoo_keeper_get_name(zoo_defaults_get_keeper(r)), text("Bob"));
    EXPECT_EQ(nx_capn_list_u32(zoo_defaults_get_numbers(r), 0), UINT32_MAX);
    EXPECT_BYTES(nx_capn_list_text(zoo_defaults_get_names(r), 1), text("two"));
    EXPECT_EQ(nx_capn_list_u8(nx_capn_list_list(zoo_defaults_get_table(r), 2, NX_CAPN_BYTE), 1), 3);
    EXPECT(nx_capn_list_bool(zoo_defaults_get_flags(r), 2));
    EXPECT(!nx_capn_list_bool(zoo_defaults_get_flags(r), 1));

    struct zoo_animal_reader animal = zoo_animal_at(zoo_defaults_get_animals(r), 0);
    struct zoo_animal_food_kind_reader kind = zoo_animal_food_get_kind(zoo_animal_get_food(animal));
    EXPECT_EQ(zoo_animal_food_kind_get_per_day(kind), 3);
}

static void check_defaults(void)
{
    struct message message;

    unit_row("a struct of which nothing was set has the defaults");
    make(&message);
    struct zoo_defaults_builder b = zoo_defaults_new_root(&message.b);
    deliver(&message);
    check_default_values(zoo_defaults_root(&message.m));
    EXPECT(!zoo_defaults_has_keeper(zoo_defaults_root(&message.m)));
    EXPECT_STATUS(message.m.status, NX_OK);

    unit_row("a struct that is not there has the defaults");
    check_default_values(
        zoo_defaults_read(nx_capn_struct_ref(zoo_defaults_root(&message.m).s, UINT32_MAX)));

    unit_row("setting a default sets zeros");
    zoo_defaults_set_bool(b, true);
    zoo_defaults_set_int32(b, INT32_MIN);
    zoo_defaults_set_u_int64(b, UINT64_MAX);
    zoo_defaults_set_colour(b, SHELF_COLOUR_ULTRA_VIOLET);
    deliver(&message);
    EXPECT_EQ(nx_capn_canonical_words(zoo_defaults_root(&message.m).s), 1);

    unit_row("zero can be set where it is not the default");
    zoo_defaults_set_bool(b, false);
    zoo_defaults_set_int32(b, 0);
    zoo_defaults_set_int8(b, 0);
    zoo_defaults_set_text(b, text(""));
    zoo_defaults_init_numbers(b, 0);
    deliver(&message);
    EXPECT(!zoo_defaults_get_bool(zoo_defaults_root(&message.m)));
    EXPECT_EQ(zoo_defaults_get_int32(zoo_defaults_root(&message.m)), 0);
    EXPECT_EQ(zoo_defaults_get_int8(zoo_defaults_root(&message.m)), 0);
    EXPECT_EQ(zoo_defaults_get_text(zoo_defaults_root(&message.m)).len, 0);
    EXPECT(zoo_defaults_has_text(zoo_defaults_root(&message.m)));
    EXPECT_EQ(zoo_defaults_get_numbers(zoo_defaults_root(&message.m)).count, 0);
    EXPECT_STATUS(message.m.status, NX_OK);
}

static void check_unions(void)
{
    struct message message;

    make(&message);
    struct zoo_animal_builder b = zoo_animal_new_root(&message.b);

    unit_row("a union begins with its first member");
    deliver(&message);
    EXPECT_EQ(zoo_animal_which(zoo_animal_root(&message.m)), ZOO_ANIMAL_WHICH_UNKNOWN);

    unit_row("setting a member chooses it");
    zoo_animal_set_legs(b, 6);
    deliver(&message);
    EXPECT_EQ(zoo_animal_which(zoo_animal_root(&message.m)), ZOO_ANIMAL_WHICH_LEGS);
    EXPECT_EQ(zoo_animal_get_legs(zoo_animal_root(&message.m)), 6);

    unit_row("a member that is not chosen reads as if it were not there");
    EXPECT_EQ(zoo_animal_wings_get_count(zoo_animal_get_wings(zoo_animal_root(&message.m))), 0);
    EXPECT_EQ(zoo_animal_get_habitat(zoo_animal_root(&message.m)).count, 0);

    unit_row("a group that is chosen begins with nothing set");
    struct zoo_animal_wings_builder wings = zoo_animal_init_wings(b);
    deliver(&message);
    EXPECT_EQ(zoo_animal_which(zoo_animal_root(&message.m)), ZOO_ANIMAL_WHICH_WINGS);
    EXPECT_EQ(zoo_animal_wings_get_count(zoo_animal_get_wings(zoo_animal_root(&message.m))), 0);
    zoo_animal_wings_set_count(wings, 2);
    deliver(&message);
    EXPECT_EQ(zoo_animal_wings_get_count(zoo_animal_get_wings(zoo_animal_root(&message.m))), 2);

    unit_row("a text of one member is not read as the list of another");
    zoo_animal_set_nickname(b, text("Tweety"));
    deliver(&message);
    EXPECT(!zoo_animal_has_habitat(zoo_animal_root(&message.m)));
    EXPECT_EQ(zoo_animal_get_habitat(zoo_animal_root(&message.m)).count, 0);
    EXPECT_BYTES(zoo_animal_get_nickname(zoo_animal_root(&message.m)), text("Tweety"));
    EXPECT_STATUS(message.m.status, NX_OK);

    unit_row("a void member is chosen by setting it");
    zoo_animal_set_unknown(b);
    deliver(&message);
    EXPECT_EQ(zoo_animal_which(zoo_animal_root(&message.m)), ZOO_ANIMAL_WHICH_UNKNOWN);

    unit_row("a named union in a group");
    struct zoo_animal_food_builder food = zoo_animal_init_food(b);
    zoo_animal_food_set_grams(food, 12);
    struct zoo_animal_food_kind_builder kind = zoo_animal_food_init_kind(food);
    zoo_animal_food_kind_supply_set_vendor(zoo_animal_food_kind_init_supply(kind), text("Acme"));
    deliver(&message);
    struct zoo_animal_food_reader f = zoo_animal_get_food(zoo_animal_root(&message.m));
    EXPECT_EQ(zoo_animal_food_get_grams(f), 12);
    EXPECT_EQ(zoo_animal_food_kind_which(zoo_animal_food_get_kind(f)),
              ZOO_ANIMAL_FOOD_KIND_WHICH_SUPPLY);
    EXPECT_BYTES(zoo_animal_food_kind_supply_get_vendor(
                     zoo_animal_food_kind_get_supply(zoo_animal_food_get_kind(f))),
                 text("Acme"));
}

static void check_lists(void)
{
    struct message message;

    make(&message);
    struct zoo_all_builder b = zoo_all_new_root(&message.b);

    unit_row("lists of lists of numbers, texts and structs");
    struct nx_capn_list_builder rows = zoo_all_init_rows(b, 2);
    nx_capn_list_set_u16(nx_capn_new_list(nx_capn_list_slot(rows, 1), NX_CAPN_TWO_BYTES, 3), 2, 77);
    struct nx_capn_list_builder words = zoo_all_init_words(b, 1);
    nx_capn_list_set_text(nx_capn_new_list(nx_capn_list_slot(words, 0), NX_CAPN_POINTER, 1), 0,
                          text("deep"));
    struct nx_capn_list_builder flocks = zoo_all_init_flocks(b, 1);
    struct nx_capn_list_builder flock = zoo_animal_new_list(nx_capn_list_slot(flocks, 0), 2);
    zoo_animal_set_name(zoo_animal_edit_at(flock, 1), text("goose"));
    deliver(&message);
    struct zoo_all_reader r = zoo_all_root(&message.m);
    EXPECT_EQ(nx_capn_list_list(zoo_all_get_rows(r), 0, NX_CAPN_TWO_BYTES).count, 0);
    EXPECT_EQ(nx_capn_list_u16(nx_capn_list_list(zoo_all_get_rows(r), 1, NX_CAPN_TWO_BYTES), 2),
              77);
    EXPECT_BYTES(nx_capn_list_text(nx_capn_list_list(zoo_all_get_words(r), 0, NX_CAPN_POINTER), 0),
                 text("deep"));
    struct nx_capn_list geese = nx_capn_list_list(zoo_all_get_flocks(r), 0, NX_CAPN_COMPOSITE);
    EXPECT_EQ(geese.count, 2);
    EXPECT_BYTES(zoo_animal_get_name(zoo_animal_at(geese, 1)), text("goose"));

    unit_row("a list of enums");
    nx_capn_list_set_u16(zoo_all_init_colours(b, 2), 1, SHELF_COLOUR_DARK_GREEN);
    deliver(&message);
    EXPECT_EQ(nx_capn_list_u16(zoo_all_get_colours(zoo_all_root(&message.m)), 1),
              SHELF_COLOUR_DARK_GREEN);

    unit_row("a list can be set from another message's");
    struct nx_capn_message constant;
    zoo_all_set_u_int16s(b, zoo_primes(&constant));
    deliver(&message);
    EXPECT_EQ(nx_capn_list_u16(zoo_all_get_u_int16s(zoo_all_root(&message.m)), 3), 7);

    unit_row("a struct can be set from another message's");
    zoo_all_set_keeper(b, zoo_mascot(&constant));
    deliver(&message);
    EXPECT_BYTES(zoo_keeper_get_name(zoo_all_get_keeper(zoo_all_root(&message.m))), text("Ada"));
    EXPECT_STATUS(message.m.status, NX_OK);
}

static void check_any(void)
{
    struct message message;

    make(&message);
    struct zoo_pointers_builder b = zoo_pointers_new_root(&message.b);
    zoo_keeper_set_name(zoo_keeper_new(zoo_pointers_init_any(b)), text("Eve"));
    nx_capn_list_set_u8(nx_capn_new_list(zoo_pointers_init_any_list(b), NX_CAPN_BYTE, 2), 1, 5);
    nx_capn_write_text(zoo_pointers_init_either(b), text("text"));
    struct zoo_cage_builder cage = zoo_pointers_init_cage(b);
    zoo_animal_set_name(zoo_animal_new(zoo_cage_init_inhabitant(cage)), text("Leo"));
    deliver(&message);
    struct zoo_pointers_reader r = zoo_pointers_root(&message.m);

    unit_row("a pointer to anything is read as what it is");
    EXPECT_EQ(nx_capn_ref_kind(zoo_pointers_get_any(r)), NX_CAPN_REF_STRUCT);
    EXPECT_BYTES(zoo_keeper_get_name(zoo_keeper_read(zoo_pointers_get_any(r))), text("Eve"));
    EXPECT_EQ(nx_capn_list_u8(nx_capn_read_any_list(zoo_pointers_get_any_list(r)), 1), 5);

    unit_row("a pointer to anything in a union chooses its member");
    EXPECT_EQ(zoo_pointers_which(r), ZOO_POINTERS_WHICH_EITHER);
    EXPECT_BYTES(nx_capn_read_text(zoo_pointers_get_either(r), nx_bytes_of(NULL, 0)), text("text"));

    unit_row("a generic struct's parameter is a pointer to anything");
    EXPECT_BYTES(
        zoo_animal_get_name(zoo_animal_read(zoo_cage_get_inhabitant(zoo_pointers_get_cage(r)))),
        text("Leo"));
    EXPECT_STATUS(message.m.status, NX_OK);

    unit_row("a pointer to anything is copied whole");
    zoo_pointers_set_any(b, zoo_pointers_get_any_list(r));
    deliver(&message);
    r = zoo_pointers_root(&message.m);
    EXPECT_EQ(nx_capn_ref_kind(zoo_pointers_get_any(r)), NX_CAPN_REF_LIST);
}

static void check_names(void)
{
    unit_row("ids, sizes and names are those of the schema");
    EXPECT(DSOFTBUS_CONNECT_REQUEST_TYPE_ID == UINT64_C(0xbe81de3364b6fb69));
    EXPECT_EQ(DSOFTBUS_FRAME_DATA_WORDS, 1);
    EXPECT_EQ(DSOFTBUS_FRAME_POINTER_COUNT, 1);
    EXPECT_TEXT(shelf_colour_name(SHELF_COLOUR_DARK_GREEN), "darkGreen");
    EXPECT_EQ(ZOO_KEEPER_SHIFT_NIGHT, 1);

    unit_row("capitals and digits in a name");
    struct message message;
    make(&message);
    zoo_rpc_server2_client_set_h_ttp_port(zoo_rpc_server2_client_new_root(&message.b), 80);
    deliver(&message);
    EXPECT_EQ(zoo_rpc_server2_client_get_h_ttp_port(zoo_rpc_server2_client_root(&message.m)), 80);
}

/* The admission fields that both ends of a native session add (docs/contracts/wire.md). */
static void check_admission(void)
{
    static const uint8_t attestation[64] = {1, 2, 3};
    struct message message;

    unit_row("a native ConnectRequest carries what was added to the first field");
    make(&message);
    struct dsoftbus_connect_request_builder b = dsoftbus_connect_request_new_root(&message.b);
    dsoftbus_connect_request_set_device_id(b, text("ab"));
    dsoftbus_connect_request_set_protocol(b, 1);
    dsoftbus_connect_request_set_attestation(b, nx_bytes_of(attestation, 64));
    dsoftbus_connect_request_set_purpose(b, 1);
    dsoftbus_connect_request_set_paired(b, true);
    deliver(&message);
    struct dsoftbus_connect_request_reader r = dsoftbus_connect_request_root(&message.m);
    EXPECT_EQ(dsoftbus_connect_request_get_protocol(r), 1);
    EXPECT_EQ(dsoftbus_connect_request_get_features(r), 0);
    EXPECT_BYTES(dsoftbus_connect_request_get_attestation(r), nx_bytes_of(attestation, 64));
    EXPECT_EQ(dsoftbus_connect_request_get_purpose(r), 1);
    EXPECT(dsoftbus_connect_request_get_paired(r));
    EXPECT_STATUS(message.m.status, NX_OK);
}

UNIT_SUITE(generated_test)
{
    check_constants();
    check_defaults();
    check_unions();
    check_lists();
    check_any();
    check_names();
    check_admission();
}
