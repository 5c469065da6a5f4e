// What a commit of a repository says of itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cleave/image/id.h>
#include <cleave/region.h>
#include <cleave/units.h>

namespace cleave {

/// A file that is mapped into a program, as words of an image lead to it.
struct ImageModule {
  std::string name;        ///< its path, or what the memory is: "[stack]"
  std::string build_id;    ///< in hexadecimal; empty: it has none, and no other process has it
  std::uint64_t base = 0;  ///< where it lay
  std::uint64_t size = 0;  ///< bytes from there
  /// All fields.
  friend bool operator==(const ImageModule&, const ImageModule&) = default;
};

/// A commit of a repository. Its id is the hash of exactly this: the same everywhere, whenever and
/// by whomever it was pushed.
struct ImageRecord {
  /// What it was made of.
  enum class Kind : std::uint8_t {
    space,  ///< pages at addresses of a space
    arena,  ///< native memory: one region, at the address where it has to lie
  };
  Kind kind = Kind::space;           ///< see there
  std::string architecture;          ///< "x86_64"; of an arena, which no other can use
  std::uint32_t layout = 0;          ///< the program's own version of what it keeps there
  ImageId root;                      ///< the tree's highest node; none: all pages are zero
  unsigned height = 0;               ///< levels of the tree
  std::uint64_t pages = 0;           ///< pages that are not zero
  std::vector<Region> regions;       ///< in order of address
  std::uint64_t root_object = 0;     ///< where the program's own root lies; 0: it has none
  std::vector<ImageId> parents;      ///< the commits that it continues; at most 16
  std::vector<ImageModule> modules;  ///< what words of an arena lead to outside of it
  std::string message;               ///< one line for people; at most 4 KiB
  std::string payload;               ///< the program's own; at most 64 KiB
};

}  // namespace cleave
