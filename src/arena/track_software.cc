// Tracking by the program's own word.
#include <new>

#include "arena/tracker.h"
#include "base/fail.h"

namespace cleave::detail {
namespace {

class Software final : public Tracker {
 public:
  explicit Software(PageSet&& told) : told_(std::move(told)) {}

  [[nodiscard]] Tracking kind() const noexcept override { return Tracking::software; }

  Result<void> collect(PageRun within, PageSet& changed) override {
    told_.move(within, changed);
    return {};
  }

  void mark_dirty(PageRun run) noexcept override { told_.add(run); }

 private:
  PageSet told_;
};

}  // namespace

Result<std::unique_ptr<Tracker>> track_software(const Mapping& mapping) {
  auto told = PageSet::create(mapping.pages());
  if (!told) return tl::unexpected(told.error());
  std::unique_ptr<Software> made(new (std::nothrow) Software(std::move(*told)));
  if (made == nullptr) return fail(Errc::no_memory, "malloc has no memory for a tracker");
  return made;
}

}  // namespace cleave::detail
