#include "examples/libretro/machine.h"

#include <span>

#include <cleave/must.h>
#include <cleave/program/writable_segments.h>

#include "examples/libretro/inside.h"

namespace cleave::example {

using namespace literals;

// First the heap, since the library's constructors allocate; then the library; then, with all that
// it has set up, the library's variables.
Machine::Machine(Covered covered, const std::filesystem::path& library, const Cartridge& cartridge,
                 const std::filesystem::path& folder, const std::string& file)
    : pool_(must(Pool::create(2_GiB))), memory_(must(Arena::create(pool_, 384_MiB))) {
  core_allocates_from(must(Heap::create(memory_.memory())));
  core_.emplace(library, cartridge, folder, file);
  if (covered == Covered::heap) return;
  must(writable_segments(core_->handle(), [&](std::span<std::byte> segment) {
    segments_.push_back(must(Arena::take_over(pool_, segment, {.joins = &memory_})));
  }));
}

Machine::~Machine() = default;

Commit Machine::commit() { return must(memory_.commit({}, core_->progress())); }

void Machine::checkout(const Commit& commit) {
  must(memory_.checkout(commit));
  core_->set_progress(commit.payload());
}

}  // namespace cleave::example
