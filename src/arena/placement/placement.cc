#include "arena/placement/placement.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/fail.h"

namespace cleave::detail {
namespace {

std::uintptr_t first_of(std::span<std::byte> part) {
  return reinterpret_cast<std::uintptr_t>(part.data());
}

}  // namespace

Result<Placement> Placement::of(std::span<std::byte> native, std::span<std::byte> alias) {
  Placement made;
  auto kernel = KernelMappings::open();
  if (!kernel && kernel.error().code == Errc::no_memory) return tl::unexpected(kernel.error());
  if (!kernel) return made;
  made.kernel_.emplace(std::move(*kernel));
  made.native_ = native;
  made.alias_ = alias;
  const auto found =
      made.kernel_->for_each(native, [&](const KernelMapping& mapping) -> Result<void> {
        made.file_ = mapping.file;
        return {};
      });
  if (!found || made.file_ == KernelMapping::File{} || !made.check()) made.kernel_.reset();
  return made;
}

Result<void> Placement::check() const {
  if (auto native = check_native(); !native) return native;
  return kernel_ ? check(alias_, PROT_READ | PROT_WRITE) : Result<void>{};
}

Result<void> Placement::check_native() const {
  return kernel_ ? check(native_, PROT_NONE) : Result<void>{};
}

Result<void> Placement::check(std::span<std::byte> part, int protection) const {
  const std::uintptr_t first = first_of(part);
  std::uintptr_t covered = first;
  const auto unmapped = [&] {
    return fail(Errc::not_mapped,
                "the program has unmapped or moved part of the arena's memory; its commits can "
                "still be read, but go on in another arena",
                Address{covered});
  };
  auto right = kernel_->for_each(part, [&](const KernelMapping& mapping) -> Result<void> {
    if (mapping.first > covered) return unmapped();
    const std::uint64_t offset = mapping.offset + (covered - mapping.first);
    if (mapping.file != file_ || !mapping.shared || offset != covered - first) {
      return fail(Errc::already_mapped,
                  "the program has mapped something else over part of the arena's memory; its "
                  "commits can still be read, but go on in another arena",
                  Address{covered});
    }
    if ((mapping.protection & protection) != protection) {
      return fail(Errc::not_permitted,
                  "the program has protected memory that pins of the arena lie in; make it "
                  "readable and writable again",
                  Address{covered});
    }
    covered = mapping.end;
    return {};
  });
  if (right && covered < first + part.size()) return unmapped();
  return right;
}

Result<void> Placement::for_each_native(std::span<std::byte> part,
                                        KernelMappings::Visit visit) const {
  if (!kernel_) return {};
  return kernel_->for_each(part, [&](const KernelMapping& mapping) -> Result<void> {
    return mapping.file == file_ && mapping.shared ? visit(mapping) : Result<void>{};
  });
}

}  // namespace cleave::detail
