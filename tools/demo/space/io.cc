#include "tools/demo/space/io.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <latch>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/file.h>
#include <cleave/must.h>
#include <cleave/ring.h>

namespace cleave::demo::space {
namespace {

constexpr std::uint64_t kSlots = 4;
constexpr std::uint64_t kSlotBytes = Traffic::kMostPinned / kSlots * kPageSize;
constexpr std::uint64_t kReadsPerWrite = 4;
// What was written is compared at the latest when the temporary file has as many slots.
constexpr std::uint64_t kMostWritten = 1024;

File temporary_file(PageCache cache) {
  std::error_code failed;
  std::string path = std::filesystem::temp_directory_path(failed).string() + "/cleave-demo.XXXXXX";
  const int made = failed ? -1 : mkstemp(path.data());
  if (made < 0) {
    throw std::runtime_error("no temporary file can be made in " + path +
                             "; let TMPDIR name a folder that can be written to");
  }
  File file(made);
  auto opened = open_file(path.c_str(), OpenMode::update, cache);
  (void)unlink(path.c_str());
  return opened ? std::move(*opened) : std::move(file);
}

std::uint64_t bytes_that_differ(std::span<const std::byte> expected,
                                std::span<const std::byte> found) {
  std::uint64_t differ = expected.size() - found.size();
  for (std::size_t i = 0; i < found.size(); ++i) differ += expected[i] != found[i] ? 1u : 0u;
  return differ;
}

std::uint64_t bytes_done(const Completion& completion) {
  return completion.result ? completion.result->value : 0;
}

}  // namespace

/// Transfers by the ring; where there is none, by calls on memory that is pinned or held meanwhile,
/// which are through when they return.
class Traffic::Carrier {
 public:
  Carrier(Pool& pool, Space& space) : space_(space) {
    if (auto ring = Ring::create(pool)) ring_.emplace(std::move(*ring));
  }

  [[nodiscard]] bool has_ring() const { return ring_.has_value(); }
  /// How files should be opened: the ring knows what can go past the page cache, and what cannot.
  [[nodiscard]] PageCache cache() const { return ring_ ? PageCache::bypass : PageCache::use; }

  TransferId read(Address to, int descriptor, std::uint64_t offset, std::uint64_t bytes) {
    if (ring_) return must(ring_->start_read(space_, to, descriptor, offset, bytes));
    const Pin pin = must(space_.pin(to, bytes, PinAccess::write));
    std::vector<iovec> pieces(pin.pieces().begin(), pin.pieces().end());
    return through(preadv(descriptor, pieces.data(), static_cast<int>(pieces.size()),
                          static_cast<off_t>(offset)));
  }
  TransferId write(Address from, int descriptor, std::uint64_t offset, std::uint64_t bytes) {
    if (ring_) return must(ring_->start_write(space_, from, descriptor, offset, bytes));
    const Hold hold = must(space_.hold(from, bytes));
    const HoldView view = must(hold.view());
    return through(pwritev(descriptor, view.pieces().data(), static_cast<int>(view.pieces().size()),
                           static_cast<off_t>(offset)));
  }
  std::optional<Completion> wait() {
    if (ring_) return ring_->wait();
    if (through_.empty()) return std::nullopt;
    const Completion first = through_.front();
    through_.pop_front();
    return first;
  }

 private:
  TransferId through(ssize_t bytes) {
    const TransferId token{++last_};
    through_.push_back({token, ByteCount(static_cast<std::uint64_t>(std::max<ssize_t>(0, bytes)))});
    return token;
  }

  Space& space_;
  std::optional<Ring> ring_;
  std::uint64_t last_ = 0;
  std::deque<Completion> through_;
};

struct Traffic::Worker {
  Worker(Pool& pool, Origin& used_origin, const SourceFile& read_file,
         std::span<const std::byte> expected, bool spoils)
      : origin(used_origin),
        content(expected.first(read_file.size)),
        carrier(pool, origin.space),
        source(must(open_file(read_file.path.c_str(), OpenMode::read, carrier.cache()))),
        copy(temporary_file(carrier.cache())),
        spoil(spoils),
        at(must(origin.space.map(kSlots * kSlotBytes))) {
    transfers.by_ring = carrier.has_ring();
    thread = std::jthread([this](const std::stop_token& stop) { work(stop); });
    begun.wait();
  }

  struct Read {
    Address to;
    std::uint64_t offset;
    std::uint64_t bytes;
  };
  /// What a slot of the temporary file must hold: a block of the file, with a number of its own in
  /// front.
  struct Written {
    std::uint64_t offset;
    std::uint64_t bytes;
    std::uint64_t number;
  };

  void work(const std::stop_token& stop) {
    Accessor accessor = must(origin.space.accessor());
    for (std::uint64_t slot = 0; slot < kSlots; ++slot) read(accessor, at + slot * kSlotBytes);
    begun.count_down();
    while (auto completion = carrier.wait()) {
      const auto found = reading.find(completion->id);
      if (found == reading.end()) {
        // How many bytes of it arrived shows when the file is compared. A full file starts anew.
        if (--writing == 0 && written.size() == kMostWritten) compare_written();
        continue;
      }
      const Read arrived = found->second;
      reading.erase(found);
      has_read(accessor, arrived, bytes_done(*completion));
      if (stop.stop_requested()) continue;
      if (transfers.reads % kReadsPerWrite == 0) write(accessor, arrived);
      read(accessor, arrived.to);
    }
    compare_written();
  }

  // Nothing of what arrives may have been there before.
  void read(Accessor& accessor, Address to) {
    const std::uint64_t blocks = (content.size() + kSlotBytes - 1) / kSlotBytes;
    const std::uint64_t offset = random() % blocks * kSlotBytes;
    const std::uint64_t bytes = std::min(kSlotBytes, content.size() - offset);
    for (std::uint64_t i = 0; i < bytes; ++i) buffer[i] = ~content[offset + i];
    must(accessor.write(to, std::span(buffer).first(bytes)));
    const TransferId token = carrier.read(to, source.descriptor(), offset, bytes);
    reading.emplace(token, Read{to, offset, bytes});
  }

  void has_read(Accessor& accessor, const Read& arrived, std::uint64_t bytes) {
    const auto found = std::span(buffer).first(arrived.bytes);
    must(accessor.read(arrived.to, found));
    if (std::exchange(spoil, false)) found[found.size() / 2] ^= std::byte{1};
    transfers.bytes_lost += bytes_that_differ(content.subspan(arrived.offset, arrived.bytes),
                                              found.first(std::min(bytes, arrived.bytes)));
    ++transfers.reads;
    transfers.pages += (arrived.bytes + kPageSize - 1) / kPageSize;
  }

  // The slot is written over by the next read(), long before this is through.
  void write(Accessor& accessor, const Read& arrived) {
    if (written.size() == kMostWritten) return;
    const Written next{arrived.offset, arrived.bytes, transfers.writes++};
    must(accessor.write(arrived.to, number_of(next)));
    (void)carrier.write(arrived.to, copy.descriptor(), written.size() * kSlotBytes, next.bytes);
    written.push_back(next);
    ++writing;
    transfers.pages += (next.bytes + kPageSize - 1) / kPageSize;
  }

  static std::span<const std::byte> number_of(const Written& w) {
    const auto bytes = std::as_bytes(std::span(&w.number, 1));
    return bytes.first(std::min(bytes.size(), w.bytes));
  }

  void compare_written() {
    std::vector<std::byte> expected;
    for (std::size_t slot = 0; slot < written.size(); ++slot) {
      const Written& w = written[slot];
      const auto block = content.subspan(w.offset, w.bytes);
      expected.assign(block.begin(), block.end());
      std::ranges::copy(number_of(w), expected.begin());
      // Whole pages, which suits a file that is read past the page cache.
      const ssize_t n = pread(copy.descriptor(), buffer.data(), kSlotBytes,
                              static_cast<off_t>(slot * kSlotBytes));
      const auto there = std::min(static_cast<std::uint64_t>(std::max<ssize_t>(0, n)), w.bytes);
      transfers.bytes_lost += bytes_that_differ(expected, std::span(buffer).first(there));
    }
    written.clear();
  }

  Origin& origin;
  std::span<const std::byte> content;
  Carrier carrier;
  File source;
  File copy;
  bool spoil;
  Address at;
  Transfers transfers;
  std::unordered_map<TransferId, Read> reading;
  std::uint64_t writing = 0;
  std::vector<Written> written;
  std::mt19937_64 random{1};
  alignas(kPageSize) std::array<std::byte, kSlotBytes> buffer;
  std::latch begun{1};
  std::jthread thread;  // last: it uses the others
};

Traffic::Traffic(Pool& pool, Origin& origin, const SourceFile& file,
                 std::span<const std::byte> content, bool spoil)
    : worker_(std::make_unique<Worker>(pool, origin, file, content, spoil)) {}

Traffic::~Traffic() = default;

Transfers Traffic::end() {
  worker_->thread.request_stop();
  worker_->thread.join();
  return worker_->transfers;
}

}  // namespace cleave::demo::space
