@0xb8d5e1f0a3c24796;
# Every construct of the schema language that has a place in a message, for tests.

using Shelf = import "shelf.capnp";
using Shelf.Colour;

const legs :UInt8 = 4;
const coldest :Int8 = -128;
const deepest :Int32 = -2147483648;
const lowest :Int64 = -9223372036854775808;
const farthest :UInt64 = 18446744073709551615;
const open :Bool = true;
const pi :Float32 = 3.14159;
const lightYear :Float64 = 9.4607e15;
const favourite :Colour = ultraViolet;
const greeting :Text = "h\xc3\xa9llo \"zoo\"\n??!";
const magic :Data = 0x"00 ff 7f 80";
const nothing :Void = void;
const mascot :Keeper = (name = "Ada", age = 36, animals = [.firstAnimal, (name = "Rex")]);
const primes :List(UInt16) = [2, 3, 5, 7, 11];
const firstAnimal :Animal = (name = "Tux", weight = 11.5);

struct Keeper {
  # Who looks after animals.

  name @0 :Text;
  age @1 :UInt8;
  # In years; */ and /* are no end of this comment.
  animals @2 :List(Animal);
  deputy @3 :Keeper;

  const maxAge :UInt8 = 99;

  enum Shift {
    day @0;
    night @1;
  }
  shift @4 :Shift;
}

struct Animal {
  name @0 :Text;
  weight @1 :Float32;

  union {
    unknown @2 :Void;
    legs @3 :UInt8;
    wings :group {
      count @4 :UInt8;
      span @5 :Float64;
      feathered @6 :Bool;
    }
    nickname @7 :Text;
    habitat @8 :List(Text);
    parent @9 :Animal;
    rawTag @10 :Data;
  }

  food :group {
    grams @11 :UInt32;
    kind :union {
      none @12 :Void;
      plants @13 :List(Text);
      animals @14 :List(Animal);
      perDay @15 :Int16;
      supply :group {
        vendor @16 :Text;
        colour @17 :Colour;
      }
    }
  }
}

struct All {
  void @0 :Void;
  bool @1 :Bool;
  int8 @2 :Int8;
  int16 @3 :Int16;
  int32 @4 :Int32;
  int64 @5 :Int64;
  uInt8 @6 :UInt8;
  uInt16 @7 :UInt16;
  uInt32 @8 :UInt32;
  uInt64 @9 :UInt64;
  float32 @10 :Float32;
  float64 @11 :Float64;
  text @12 :Text;
  data @13 :Data;
  colour @14 :Colour;
  keeper @15 :Keeper;

  voids @16 :List(Void);
  bools @17 :List(Bool);
  int8s @18 :List(Int8);
  int16s @19 :List(Int16);
  int32s @20 :List(Int32);
  int64s @21 :List(Int64);
  uInt8s @22 :List(UInt8);
  uInt16s @23 :List(UInt16);
  uInt32s @24 :List(UInt32);
  uInt64s @25 :List(UInt64);
  float32s @26 :List(Float32);
  float64s @27 :List(Float64);
  texts @28 :List(Text);
  datas @29 :List(Data);
  colours @30 :List(Colour);
  keepers @31 :List(Keeper);

  rows @32 :List(List(UInt16));
  words @33 :List(List(Text));
  flocks @34 :List(List(Animal));
  cube @35 :List(List(List(Int8)));
  books @36 :List(Shelf.Book);
  book @37 :Shelf.Book;
}

struct Defaults {
  bool @0 :Bool = true;
  int8 @1 :Int8 = -7;
  int16 @2 :Int16 = -3000;
  int32 @3 :Int32 = -2147483648;
  int64 @4 :Int64 = -9223372036854775808;
  uInt8 @5 :UInt8 = 200;
  uInt16 @6 :UInt16 = 65535;
  uInt32 @7 :UInt32 = 4000000000;
  uInt64 @8 :UInt64 = 18446744073709551615;
  float32 @9 :Float32 = -0.5;
  float64 @10 :Float64 = 1e300;
  text @11 :Text = "a \"default\"\t\\ \xe2\x82\xac 7";
  data @12 :Data = 0x"00 01 37 ff";
  colour @13 :Colour = ultraViolet;
  keeper @14 :Keeper = (name = "Bob", animals = [(name = "Kit", legs = 4)]);
  numbers @15 :List(Int32) = [-1, 0, 1];
  names @16 :List(Text) = ["one", "two"];
  table @17 :List(List(UInt8)) = [[1], [], [2, 3]];
  animals @18 :List(Animal) = [(name = "Moo", food = (grams = 9000, kind = (perDay = 3)))];
  flags @19 :List(Bool) = [true, false, true];
}

struct Cage(Inhabitant) {
  # A generic struct: its parameter is a pointer that may lead to anything.
  inhabitant @0 :Inhabitant;
  locked @1 :Bool;
}

struct Pointers {
  any @0 :AnyPointer;
  anyStruct @1 :AnyStruct;
  anyList @2 :AnyList;
  cage @3 :Cage(AnyPointer);
  union {
    either @4 :AnyPointer;
    or @5 :UInt64;
  }
  withDefault @6 :AnyPointer;
}

struct Empty {
}

struct TextList {
  texts @0 :List(Text);
}

struct RPCServer2Client {
  # A name with capitals and digits: rpc_server2_client.
  hTTPPort @0 :UInt16;
}
