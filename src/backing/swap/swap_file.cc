#include "backing/swap/swap_file.h"

#include <cstdlib>
#include <new>

#include "backing/page.h"
#include "base/fail.h"

namespace cleave {
using namespace detail;
using namespace detail::backing;

Result<std::unique_ptr<Backing>> swap_file(const SwapFileOptions& options) {
  std::unique_ptr<SwapFile> file(new (std::nothrow) SwapFile);
  if (file == nullptr) return fail(Errc::no_memory, "out of memory allocating a swap file");
  if (auto opened = file->open(options); !opened) return tl::unexpected(opened.error());
  return std::unique_ptr<Backing>(std::move(file));
}

namespace detail::backing {
namespace {

// The slots are numbers of 32 bits where they are sorted.
constexpr std::uint64_t kMostSlots = std::uint64_t{1} << 32;

const char* directory_of(const SwapFileOptions& options) {
  if (!options.directory.empty()) return options.directory.c_str();
  const char* const chosen = secure_getenv("TMPDIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";
}

}  // namespace

Result<void> SwapFile::open(const SwapFileOptions& options) {
  const std::uint64_t slots = options.bytes.value / kPageSize;
  if (slots == 0 || slots > kMostSlots) {
    return fail(Errc::bad_argument, "SwapFileOptions::bytes is at least a page, at most 16 TiB");
  }
  if (options.depth < 1 || options.depth > 256) {
    return fail(Errc::bad_argument, "SwapFileOptions::depth is 1 to 256");
  }
  if (auto reserved = reserve(options); !reserved) return reserved;
  const sync::BareGuard guard(putting_);
  if (auto opened = file_.open(directory_of(options), slots * kPageSize, writer_.idle->bounce);
      !opened) {
    return opened;
  }
  writer_.lane.open(file_, options.depth);
  for (Traffic& reader : readers_) reader.lane.open(file_, options.depth);
  return options.write_at_open ? write_once() : Result<void>();
}

Result<void> SwapFile::reserve(const SwapFileOptions& options) {
  const std::uint64_t slots = options.bytes.value / kPageSize;
  const std::uint64_t words = SwapSlots::words_for(slots);
  const std::uint64_t depth = options.depth;
  auto made = Reservation::make(Reservation::room_for<std::uint64_t>(slots) +
                                Reservation::room_for<std::uint64_t>(words) +
                                Reservation::room_for<std::byte>(depth * kBlockPages * kPageSize) +
                                (kReaders + 1) * Reservation::room_for<DiskBlock>(depth) +
                                kReaders * Reservation::room_for<std::uint32_t>(kWindow));
  if (!made) return tl::unexpected(made.error());
  memory_ = std::move(*made);
  checksums_ = memory_.take_touched<std::uint64_t>(slots);
  slots_.begin(memory_.take_touched<std::uint64_t>(words), slots,
               options.write_at_open ? slots : 0);

  const sync::BareGuard putting(putting_);
  std::byte* bounce = memory_.take_touched<std::byte>(depth * kBlockPages * kPageSize).data();
  for (DiskBlock& block : memory_.take<DiskBlock>(depth)) {
    block.bounce = bounce;
    bounce += kBlockPages * kPageSize;
    writer_.put_idle(block);
  }
  const sync::BareGuard reading(reading_);
  for (Traffic& reader : readers_) {
    for (DiskBlock& block : memory_.take<DiskBlock>(depth)) reader.put_idle(block);
    reader.order = memory_.take_touched<std::uint32_t>(kWindow);
    reader.next = idle_reader_;
    idle_reader_ = &reader;
  }
  return {};
}

SwapFile::~SwapFile() {
  if (!memory_.is_here()) return;
  const sync::BareGuard guard(putting_);
  writer_.lane.close();
  for (Traffic& reader : readers_) reader.lane.close();
  file_.close();
}

void SwapFile::drop(Place place) noexcept {
  if (memory_.is_here() && slot_of(place) < slots_.count()) slots_.give({slot_of(place), 1});
}

BackingStatistics SwapFile::statistics() const noexcept {
  BackingStatistics now;
  if (!memory_.is_here()) return now;
  now.pages = slots_.used();
  now.capacity = slots_.count();
  now.disk_bytes = now.pages * kPageSize;
  now.written = written_.load(sync::relaxed);
  now.read = read_.load(sync::relaxed);
  now.direct = file_.is_direct();
  now.ring = readers_[0].lane.had_ring();
  return now;
}

}  // namespace detail::backing
}  // namespace cleave
