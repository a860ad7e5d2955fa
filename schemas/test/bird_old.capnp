@0xe1d2c3b4a5968701;
# The older one of a pair that shares its layout as far as it goes; bird_new.capnp is the newer.

enum Mood {
  calm @0;
  loud @1;
}

struct Bird {
  name @0 :Text;
  eggs @1 :UInt16;
  mood @2 :Mood;
  tags @3 :List(UInt32);
  songs @4 :List(Text);
  union {
    walks @5 :Void;
    flies @6 :UInt32;
  }
  nest @7 :Nest;
  friends @8 :List(Nest);
}

struct Nest {
  height @0 :UInt32;
}
