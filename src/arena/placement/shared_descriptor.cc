#include "arena/placement/shared_descriptor.h"

#include <unistd.h>

#include <array>
#include <cstddef>
#include <utility>

#include "base/check.h"

namespace cleave::detail {
namespace {

struct Open {
  sync::Process owner = sync::Process::none();  // who opened it; anyone else's is not there
  unsigned holders = 0;
  int number = -1;
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
    if (!open_.owner.is_here()) open_ = {sync::Process::current(), 0, -1};
  }
  Open* operator->() noexcept { return &open_; }

 private:
  sync::Guard guard_;
  Open& open_;
};

}  // namespace

Result<SharedDescriptor> SharedDescriptor::take(Which which, Result<int> (*open)()) {
  Access there(which);
  if (there->holders == 0) {
    const auto opened = open();
    if (!opened) return tl::unexpected(opened.error());
    there->number = *opened;
  }
  ++there->holders;
  return SharedDescriptor(there->number, which);
}

SharedDescriptor::SharedDescriptor(SharedDescriptor&& from) noexcept
    : number_(std::exchange(from.number_, -1)), which_(from.which_), owner_(from.owner_) {}

SharedDescriptor& SharedDescriptor::operator=(SharedDescriptor&& from) noexcept {
  std::swap(number_, from.number_);
  std::swap(which_, from.which_);
  std::swap(owner_, from.owner_);
  return *this;
}

SharedDescriptor::~SharedDescriptor() {
  if (number_ < 0 || !owner_.is_here()) return;
  Access there(which_);
  CLEAVE_CHECK(there->number == number_ && there->holders != 0,
               "a shared descriptor was let go more often than it was taken: a bug of cleave");
  if (--there->holders == 0) (void)close(std::exchange(there->number, -1));
}

}  // namespace cleave::detail
