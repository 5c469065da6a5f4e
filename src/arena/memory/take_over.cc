// How memory that exists becomes an arena's, and the program's again.
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "arena/memory/contents.h"
#include "arena/memory/mapping.h"
#include "base/address_space.h"
#include "base/fail.h"
#include "base/uncancelled.h"
#include "sync/allocator.h"

namespace cleave::detail {
namespace {

constexpr Refusals kReplace =
    CLEAVE_REFUSALS("mmap", "the kernel does not let the memory be mapped over");

Address as_address(const std::byte* at) { return Address{reinterpret_cast<std::uintptr_t>(at)}; }

/// What of a mapping lies inside the memory.
std::span<std::byte> part_of(std::span<std::byte> memory, const KernelMapping& mapping) {
  const auto first = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t from = std::max(mapping.first, first) - first;
  const std::uintptr_t to = std::min(mapping.end, first + memory.size()) - first;
  return memory.subspan(from, to - from);
}

struct Part {
  KernelMapping mapping;
  std::span<std::byte> bytes;
};
using Parts = sync::Vector<Part>;

Result<Parts> parts_of(const KernelMappings& kernel, std::span<std::byte> memory) {
  return sync::or_no_memory("out of memory taking memory over", [&]() -> Result<Parts> {
    Parts parts;
    std::byte* covered = memory.data();
    auto seen = kernel.for_each(memory, [&](const KernelMapping& mapping) -> Result<void> {
      const std::span<std::byte> bytes = part_of(memory, mapping);
      if (bytes.data() != covered) {
        return fail(Errc::not_mapped, "part of what is to be taken over is not mapped",
                    as_address(covered));
      }
      if (mapping.shared) {
        return fail(Errc::bad_argument,
                    "part of what is to be taken over is shared memory, or an arena's: whoever "
                    "else has it would see it go back",
                    as_address(covered));
      }
      parts.push_back({mapping, bytes});
      covered += bytes.size();
      return {};
    });
    if (!seen) return tl::unexpected(seen.error());
    if (covered == memory.data() + memory.size()) return parts;
    return fail(Errc::not_mapped, "part of what is to be taken over is not mapped",
                as_address(covered));
  });
}

Result<void> check_range(std::span<std::byte> memory) {
  const Address at = as_address(memory.data());
  if (memory.empty()) return fail(Errc::bad_argument, "the memory to take over is empty", at);
  if (offset_in_page(at) != 0 || memory.size() % kPageSize != 0) {
    return fail(Errc::bad_argument, "the memory to take over is not whole pages", at);
  }
  const auto* stack = static_cast<const std::byte*>(__builtin_frame_address(0));
  if (stack >= memory.data() && stack < memory.data() + memory.size()) {
    return fail(Errc::bad_argument,
                "this thread's stack lies in the memory to take over; call this from another",
                as_address(stack));
  }
  return {};
}

}  // namespace

// All that may fail without a trace comes first. Between the copy of a part and its replacement
// nothing is allocated: it may be an allocator's memory.
Result<Mapping> Mapping::take_over(std::span<std::byte> memory) {
  if (auto right = check_range(memory); !right) return tl::unexpected(right.error());
  const Uncancelled here;
  auto kernel = KernelMappings::open();
  if (!kernel) return tl::unexpected(kernel.error());
  const auto contents = Contents::open();
  if (!contents) return tl::unexpected(contents.error());
  auto made = with_file(memory.size() / kPageSize);
  if (!made) return made;
  if (auto mapped = made->map_alias(); !mapped) return tl::unexpected(mapped.error());
  KernelMapping::File file{};
  const auto known = kernel->for_each({made->alias_, kPageSize},
                                      [&](const KernelMapping& mapping) -> Result<void> {
                                        file = mapping.file;
                                        return {};
                                      });
  if (!known) return tl::unexpected(known.error());
  if (file == KernelMapping::File{}) {
    return fail(Errc::unsupported, "/proc/self/maps does not show this process's files");
  }
  const auto parts = parts_of(*kernel, memory);
  if (!parts) return tl::unexpected(parts.error());
  made->native_ = memory.data();
  made->taken_ = Taken{std::move(*kernel), file};
  for (const Part& part : *parts) {
    const std::ptrdiff_t offset = part.bytes.data() - memory.data();
    if (auto copied = contents->copy(part.mapping, part.bytes, made->alias_ + offset); !copied) {
      return tl::unexpected(copied.error());
    }
  }
  for (const Part& part : *parts) {
    const auto offset = static_cast<off_t>(part.bytes.data() - memory.data());
    const auto map = [&](int how) {
      return mmap(part.bytes.data(), part.bytes.size(), part.mapping.protection,
                  MAP_NORESERVE | how, made->file_.descriptor(), offset) != MAP_FAILED;
    };
    if (map(MAP_SHARED | MAP_FIXED)) continue;
    const int why = errno;
    // An older kernel may have unmapped what was there before it refused.
    (void)map(MAP_PRIVATE | MAP_FIXED_NOREPLACE);
    return refused_mapping(kReplace, 0, Mapped::shared, why);
  }
  if (auto kept = made->keep_from_children(); !kept) return tl::unexpected(kept.error());
  if (auto placed = made->place(); !placed) return tl::unexpected(placed.error());
  return made;
}

// The file's pages, but copies from now on: no byte moves, and a write makes a page the process's
// own. What the kernel will not map stays as it is, shared with nobody.
void Mapping::give_back() const noexcept {
  const std::span<std::byte> memory(native_, bytes());
  for (std::size_t done = 0; done < memory.size();) {
    // One at a time: the list changes as we go.
    std::size_t next = memory.size();
    const auto give_back_first = [&](const KernelMapping& mapping) -> Result<void> {
      const std::span<std::byte> part = part_of(memory, mapping);
      const std::ptrdiff_t offset = part.data() - native_;
      next = static_cast<std::size_t>(offset) + part.size();
      if (mapping.shared && mapping.file == taken_->file) {
        (void)insist([&] {
          return mmap(part.data(), part.size(), mapping.protection,
                      MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, file_.descriptor(),
                      static_cast<off_t>(offset)) != MAP_FAILED;
        });
      }
      return fail(Errc::cancelled, "one at a time");
    };
    (void)insist([&] {
      const auto seen = taken_->kernel.for_each(memory.subspan(done), give_back_first);
      return seen || seen.error().code == Errc::cancelled;
    });
    done = next;
  }
}

}  // namespace cleave::detail
