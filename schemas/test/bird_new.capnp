@0xe1d2c3b4a5968702;
# What became of bird_old.capnp, by the rules of evolution: fields and enumerants were added, a list
# of numbers and a list of texts became lists of structs whose first field is the old element, a
# union got a member.

enum Mood {
  calm @0;
  loud @1;
  curious @2;
}

struct Tag {
  number @0 :UInt32;
  since @1 :UInt64;
  note @2 :Text;
}

struct Song {
  title @0 :Text;
  seconds @1 :UInt16 = 30;
}

struct Bird {
  name @0 :Text;
  eggs @1 :UInt16;
  mood @2 :Mood;
  tags @3 :List(Tag);
  songs @4 :List(Song);
  union {
    walks @5 :Void;
    flies @6 :UInt32;
    swims @9 :Text;
  }
  nest @7 :Nest;
  friends @8 :List(Nest);
  ringed @10 :Bool = true;
  weight @11 :UInt32 = 250;
  motto @12 :Text = "tweet";
}

struct Nest {
  height @0 :UInt32;
  twigs @1 :UInt64 = 100;
  owner @2 :Text;
}
