@0xc0ffee1257aa6e01;
# What zoo.capnp imports; it imports zoo.capnp in turn.

using Zoo = import "zoo.capnp";

enum Colour {
  red @0;
  darkGreen @1;
  ultraViolet @2;
}

struct Book {
  title @0 :Text = "untitled";
  colour @1 :Colour = darkGreen;
  pages @2 :UInt16;
  keeper @3 :Zoo.Keeper;
}
