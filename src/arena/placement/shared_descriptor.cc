#include "arena/placement/shared_descriptor.h"

#include <array>
#include <cstddef>
#include <utility>

#include "base/check.h"
#include "base/own_file.h"

namespace cleave::detail {
namespace {

struct Open {
  sync::Process owner = sync::Process::none();  // who opened it; anyone else's is not there
  std::uint64_t generation = 0;                 // how often it was opened
  unsigned holders = 0;                         // of that generation
  OwnFile file;
};

/// One for each of Which. Constant-initialized and never destroyed: arenas may be static.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
constinit std::array<Open, 5> all_open{};

/// Holds the lock for a scope.
class Access {
 public:
  explicit Access(SharedDescriptor::Which which) noexcept
      : guard_(sync::process_lock(sync::ProcessLock::shared_descriptors)),
        open_(all_open[static_cast<std::size_t>(which)]) {
    // A child of fork(2) has its parent's figures, and may have half of them.
    if (!open_.owner.is_here()) open_ = {sync::Process::current(), open_.generation, 0, OwnFile()};
  }
  Open* operator->() noexcept { return &open_; }

 private:
  sync::Guard guard_;
  Open& open_;
};

}  // namespace

Result<SharedDescriptor> SharedDescriptor::take(Which which, Result<int> (*open)()) {
  Access there(which);
  // The program may have closed it: those who have it find out, and are not to be joined.
  if (there->holders == 0 || !there->file.is_there()) {
    const auto opened = open();
    if (!opened) return tl::unexpected(opened.error());
    there->file = OwnFile(*opened);
    there->holders = 0;
    ++there->generation;
  }
  ++there->holders;
  return SharedDescriptor(there->file.descriptor(), there->generation, which);
}

SharedDescriptor::SharedDescriptor(SharedDescriptor&& from) noexcept
    : number_(std::exchange(from.number_, -1)),
      generation_(from.generation_),
      which_(from.which_),
      owner_(from.owner_) {}

SharedDescriptor& SharedDescriptor::operator=(SharedDescriptor&& from) noexcept {
  std::swap(number_, from.number_);
  std::swap(generation_, from.generation_);
  std::swap(which_, from.which_);
  std::swap(owner_, from.owner_);
  return *this;
}

SharedDescriptor::~SharedDescriptor() {
  if (number_ < 0 || !owner_.is_here()) return;
  Access there(which_);
  if (there->generation != generation_) return;
  CLEAVE_CHECK(there->holders != 0,
               "a shared descriptor was let go more often than it was taken: a bug of cleave");
  if (--there->holders == 0) there->file.close();
}

}  // namespace cleave::detail
