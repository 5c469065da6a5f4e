// How a run starts: the declarations of a test, as pages, entries and counts.
#include <map>

#include <fmt/format.h>

#include "lab/model/world/world.h"

namespace lab::model {
namespace {

constexpr std::uint32_t kMostThreads = 32;  // the explorer's
constexpr std::uint32_t kMostHugePages = 16;

void set_bytes(Folio& folio, Value value) {
  for (Page& page : folio.pages) {
    page.a.write(value);
    page.b.write(value);
  }
}

Entry entry_of(const Folio& folio, std::uint32_t index = 0) {
  Entry entry;
  entry.kind = EntryKind::page;
  entry.target = folio.id;
  entry.index = static_cast<std::uint8_t>(index);
  return entry;
}

class Population {
 public:
  explicit Population(World& world) : world_(world) {}

  void add(const PageSetup& setup, PageNo first) {
    for (std::uint32_t i = 0; i < setup.pages; ++i) add_region(setup, first + i);
    if (setup.unmapped) return;
    switch (setup.kind) {
      case PageKind::anonymous:
        return setup.swapped ? add_swapped(setup, first) : add_anonymous(setup, first);
      case PageKind::zero: {
        Entry entry;
        entry.kind = EntryKind::zero;
        return entry_at(first).write(entry);
      }
      case PageKind::file:
      case PageKind::shared:
        return add_file(setup, first);
      case PageKind::ksm:
        return add_merged(setup, first);
    }
  }

 private:
  Shared<Entry>& entry_at(PageNo page) { return world_.processes[0].pages[page].entry; }

  void add_region(const PageSetup& setup, PageNo page) {
    Region region;
    region.mapped = !setup.unmapped;
    region.shared = setup.kind == PageKind::shared;
    region.hugetlb = setup.hugetlb;
    if (setup.hugetlb) region.pool_page = static_cast<std::uint8_t>(page + 1);
    region.continued = setup.continued;
    region.protection = setup.readonly ? Protection::read : Protection::write;
    if (setup.kind == PageKind::file || setup.kind == PageKind::shared) {
      region.file = static_cast<std::uint8_t>(world_.files.size() + 1);
    }
    world_.processes[0].pages[page].region.write(region);
  }

  Folio& make(const PageSetup& setup, FolioKind kind) {
    Folio& folio = world_.make_folio_of(0, kind, setup.pages);
    set_bytes(folio, setup.value);
    folio.held = static_cast<std::int32_t>(setup.held);
    folio.refs.add(folio.held);
    return folio;
  }

  void add_anonymous(const PageSetup& setup, PageNo first) {
    Folio& folio = make(setup, setup.hugetlb ? FolioKind::hugetlb : FolioKind::anonymous);
    // A huge entry's mark is on the first page alone.
    for (Page& page : folio.pages)
      page.exclusive.write(world_.marks() && (!setup.by_pmd || &page == folio.pages.data()));
    Entry entry = entry_of(folio);
    // Where a reference is a hold, who took it has seen to it that the next write faults.
    const bool on_hold = setup.held > 0 && world_.rules.get == Get::hold;
    entry.writable = !setup.readonly && !on_hold;
    entry.dirty = true;
    if (setup.by_pmd) {
      folio.refs.add(1);
      folio.whole.write(world_.home(0, first));
      folio.owners.write(with_map({}, 1));
      world_.find_huge(0, first).write(entry);
      return;
    }
    for (std::uint32_t i = 0; i < setup.pages; ++i) {
      entry.index = static_cast<std::uint8_t>(i);
      world_.map(0, first + i, entry);
    }
  }

  void add_swapped(const PageSetup& setup, PageNo first) {
    Slot& slot = world_.swap_slot(first);
    slot.count.write(1);
    slot.a.write(setup.value);
    slot.b.write(setup.value);
    Entry entry;
    entry.kind = EntryKind::swap;
    entry.target = static_cast<SlotId>(first);
    entry.exclusive = world_.rules.swap_marker == Flag::yes;
    entry_at(first).write(entry);
  }

  void add_file(const PageSetup& setup, PageNo first) {
    Folio& folio = make(setup, FolioKind::file);
    folio.refs.add(1);  // the page cache's
    world_.files.push_back(folio.id);
    Entry entry = entry_of(folio);
    entry.writable = setup.kind == PageKind::shared && !setup.readonly;
    entry.dirty = setup.continued;
    world_.map(0, first, entry);
  }

  void add_merged(const PageSetup& setup, PageNo first) {
    const auto found = merged_.find(setup.value);
    Folio& folio = found == merged_.end() ? make(setup, FolioKind::anonymous) : *found->second;
    merged_[setup.value] = &folio;
    folio.ksm.write(true);
    world_.map(0, first, entry_of(folio));
  }

  World& world_;
  std::map<Value, Folio*> merged_;
};

std::optional<std::string> fault_of(const PageSetup& page) {
  const bool plain = page.kind == PageKind::anonymous;
  if (page.pages == 0 || page.pages > kMostHugePages) {
    return fmt::format("{} has {} pages; from 1 to {} are possible", page.name, page.pages,
                       kMostHugePages);
  }
  if ((page.pages > 1 || page.hugetlb || page.swapped) && !plain) {
    return fmt::format("{} is huge or swapped, and so must be anonymous", page.name);
  }
  if (page.swapped && (page.pages > 1 || page.hugetlb)) {
    return fmt::format("{} is huge; huge pages are split before they are swapped", page.name);
  }
  if (page.hugetlb && page.pages != 1)
    return fmt::format("{} is a hugetlb page, which counts as one", page.name);
  if (page.by_pmd && page.pages == 1)
    return fmt::format("{} is one page: no huge entry maps it", page.name);
  if (page.kind == PageKind::zero && page.value != 0) {
    return fmt::format("{} is the zero page, so it is 0", page.name);
  }
  if (page.continued && page.kind != PageKind::file) {
    return fmt::format("{} is continued, so it must be a file's", page.name);
  }
  if (page.held > 0 && (page.swapped || page.unmapped || page.kind == PageKind::zero)) {
    return fmt::format("{} is held, so it must be in memory", page.name);
  }
  return std::nullopt;
}

}  // namespace

PageNo Setup::first_page(std::size_t index) const {
  PageNo first = 0;
  for (std::size_t i = 0; i < index; ++i) first += pages[i].pages;
  return first;
}

std::optional<std::string> Setup::problem() const {
  for (const PageSetup& page : pages) {
    if (auto wrong = fault_of(page)) return wrong;
  }
  if (processes == 0 || cpus > kMostThreads)
    return "a test has at least one process, and at most 32 threads";
  if (processes * page_count() > 64) {
    return fmt::format("{} pages in each of {} processes; their product can be 64 at most",
                       page_count(), processes);
  }
  return std::nullopt;
}

void populate(World& world) {
  Population population(world);
  for (std::size_t i = 0; i < world.setup.pages.size(); ++i) {
    population.add(world.setup.pages[i], world.setup.first_page(i));
  }
}

}  // namespace lab::model
