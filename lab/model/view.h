// All there is at one moment, as plain values: for who draws it. describe() says the same in one
// line, less exactly. What is optional, the model knows always; who looks at a running kernel from
// outside does not.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lab/model/machine.h"

namespace lab::model {

struct View {
  enum class Kind : std::uint8_t { none, page, zero, swap, migrating };
  /// What one entry maps: one page, or all pages of a huge entry. There is one wherever a region
  /// is.
  struct Mapping {
    ProcessId process;
    PageNo page;
    std::uint32_t pages;
    Kind kind;
    std::uint32_t target;  ///< page, migrating: the folio; swap: the slot
    std::uint32_t index;   ///< page, migrating: which page of it
    std::optional<bool> writable;
    bool dirty, wp;
    bool exclusive;  ///< swap: the page was
    std::optional<Protection> protection;
  };
  struct Contents {
    std::optional<Value> a, b;
    std::optional<bool> exclusive;
  };
  struct Folio {
    std::uint32_t id;
    bool file;
    std::optional<std::int32_t> refs, pins;  ///< pins: where they are counted apart
    std::uint32_t maps;
    bool merged, locked, writeback, lazyfree;
    std::uint32_t slot;  ///< + 1, while in the swap cache
    std::vector<Contents> pages;
  };
  struct Reference {
    ReferenceId id;
    bool zero, pin, write;
    std::uint32_t folio, index;  ///< unless it is to the zero page
    ProcessId process;           ///< whose page it was
    PageNo page;
  };
  struct Slot {
    std::uint32_t id;
    std::optional<std::int32_t> count;
    std::optional<Value> a, b;
  };

  std::vector<Mapping> mappings;      ///< by process, then page
  std::vector<Folio> folios;          ///< those with a count above zero
  std::vector<Reference> references;  ///< those that are held
  std::vector<Slot> slots;            ///< those in use
  std::vector<ProcessId> gone;        ///< have exited, or were killed
};

class World;
View view(World& world);

}  // namespace lab::model
