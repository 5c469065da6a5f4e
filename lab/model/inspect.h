// Looking at everything at once, when no thread moves: what conditions ask, and whether counts are
// what they count.
#pragma once

#include "lab/model/world/world.h"

namespace lab::model {

bool coherent(World& world, ReferenceId reference);
std::optional<Value> value_at(World& world, ProcessId process, PageNo page, Half half);
bool same(World& world, ProcessId one, PageNo page, ProcessId other, PageNo other_page);
bool pinned(World& world, ProcessId process, PageNo page);
bool exclusive(World& world, ProcessId process, PageNo page);

/// What every count ought to be, from what can be seen to be counted. Hunts ask for it after every
/// program, so that its memory is used again and again.
class Tally {
 public:
  void count(World& world);
  struct Expected {
    std::int32_t refs = 0;
    std::int32_t pins = 0;
    Homes whole = 0;
    std::uint32_t homes = 0;  // where those of its first page are
  };
  [[nodiscard]] const Expected& of(const Folio& folio) const { return folios_[place(folio.id)]; }
  [[nodiscard]] Homes homes(const Folio& folio, std::uint32_t index) const {
    return homes_[of(folio).homes + index];
  }
  [[nodiscard]] std::int32_t of_slot(SlotId slot) const { return slots_[slot]; }

 private:
  [[nodiscard]] std::size_t place(FolioId id) const { return makers_[id >> 8] + (id & 0xff); }
  Expected& at(FolioId id) { return folios_[place(id)]; }
  void count_entries(World& world);
  void count_references(World& world);
  std::vector<std::size_t> makers_;  // where the folios of each are
  std::vector<Expected> folios_;
  std::vector<Homes> homes_;
  std::vector<std::int32_t> slots_;
};

/// docs/explanation/model.md lists what is claimed.
std::optional<std::string> invariant(World& world);
std::optional<std::string> leak(World& world);
std::optional<std::string> contradiction(World& world);
std::string describe(World& world);

}  // namespace lab::model
