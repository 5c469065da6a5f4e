#include "arena/memory/read_only_view.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "arena/memory/readable.h"
#include "base/address_space.h"
#include "base/kernel_abi.h"
#include "base/refusal.h"

namespace cleave::detail {
namespace {

constexpr Refusals kMapView =
    CLEAVE_REFUSALS("mmap", "the kernel cannot map the arena's file again");
constexpr Refusals kKeepViewFromChildren =
    CLEAVE_REFUSALS("madvise(MADV_DONTFORK)", "the kernel has no madvise(MADV_DONTFORK)");
constexpr Refusals kPut = CLEAVE_REFUSALS(
    "mremap", "mremap(2) does not leave shared memory behind; that came with Linux 5.13");

}  // namespace

Result<ReadOnlyView> ReadOnlyView::create(const Mapping& mapping) {
  auto descriptor = mapping.open_read_only();
  if (!descriptor) return tl::unexpected(descriptor.error());
  ReadOnlyView made(mapping, *descriptor);
  void* view =
      mmap(nullptr, mapping.bytes(), PROT_READ, MAP_SHARED | MAP_NORESERVE, *descriptor, 0);
  if (view == MAP_FAILED) return refused_mapping(kMapView, mapping.bytes(), Mapped::shared, errno);
  made.view_ = static_cast<std::byte*>(view);
  if (madvise(view, mapping.bytes(), MADV_DONTFORK) != 0)
    return refused(kKeepViewFromChildren, errno);
  const bool works = leaves_behind() && made.take_spare();
  const int why = errno;
  if (works) return made;
  if (why == ENOMEM) return refused_mapping(kPut, mapping.bytes(), Mapped::shared, why);
  return refused(kPut, why);
}

ReadOnlyView::ReadOnlyView(ReadOnlyView&& from) noexcept
    : mapping_(from.mapping_),
      file_(std::move(from.file_)),
      view_(std::exchange(from.view_, nullptr)),
      spare_(from.spare_.exchange(nullptr, sync::relaxed)) {}

ReadOnlyView::~ReadOnlyView() {
  if (!mapping_.is_here()) return;
  if (view_ != nullptr) (void)munmap(view_, mapping_.bytes());
  if (void* spare = spare_.load(sync::relaxed)) (void)munmap(spare, kPageSize);
  file_.close();
}

// Tried with pages of its own: before Linux 5.13 the kernel unmaps the target and then refuses. And
// looked at: an emulator of another processor may take for gone what the kernel below it has left.
bool ReadOnlyView::leaves_behind() noexcept {
  constexpr std::uint64_t bytes = 2 * kPageSize;
  void* pages = mmap(nullptr, bytes, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return false;
  auto* const from = static_cast<std::byte*>(pages);
  bool left = put(from, from + kPageSize, kPageSize);
  if (left && !can_be_read(from)) {
    left = false;
    errno = ENOSYS;
  }
  const int why = errno;
  // Where the kernel refused after it had unmapped the target, another thread's memory may lie
  // there.
  (void)munmap(pages, !left && why == EINVAL ? kPageSize : bytes);
  errno = why;
  return left;
}

// One step: no other thread finds nothing there, and what madvise(2) has set, DONTFORK above all,
// comes along.
bool ReadOnlyView::put(std::byte* from, std::byte* to, std::uint64_t bytes) noexcept {
  void* const at = mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
  if (at != to && at != MAP_FAILED) errno = ENOSYS;  // it pretends, and gives no reason
  return at == to;
}

// Without a mapping to spare, only the whole can still be mapped, in one piece that splits nothing.
bool ReadOnlyView::close(PageRun run) noexcept {
  return put(view_ + run.first * kPageSize, mapping_.native(run.first), run.pages() * kPageSize) ||
         (is_all(run) && map_all(false));
}

bool ReadOnlyView::open(PageRun run) noexcept {
  return put(mapping_.alias(run.first), mapping_.native(run.first), run.pages() * kPageSize) ||
         (is_all(run) && map_all(true));
}

bool ReadOnlyView::map_all(bool writable) noexcept {
  const auto map = [&] {
    return writable ? mapping_.map_native() : mapping_.map_native(PROT_READ, file_.descriptor());
  };
  if (map()) return true;
  void* const spare = errno == ENOMEM ? spare_.exchange(nullptr, sync::relaxed) : nullptr;
  if (spare == nullptr) return false;
  (void)munmap(spare, kPageSize);
  const bool done = map();
  const int why = errno;
  (void)take_spare();
  errno = why;
  return done;
}

// Of a file, and always of its first page: two such are never joined to one.
bool ReadOnlyView::take_spare() noexcept {
  void* page =
      mmap(nullptr, kPageSize, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file_.descriptor(), 0);
  if (page == MAP_FAILED) return false;
  (void)madvise(page, kPageSize, MADV_DONTFORK);
  void* const other = spare_.exchange(page, sync::relaxed);
  if (other != nullptr) (void)munmap(other, kPageSize);
  return true;
}

bool ReadOnlyView::is_all(PageRun run) const noexcept {
  return run == PageRun{0, mapping_.pages()};
}

}  // namespace cleave::detail
