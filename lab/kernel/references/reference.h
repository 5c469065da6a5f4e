// References to pages, each held by a call of the kernel that takes such references.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "lab/kernel/references/fuse.h"
#include "lab/kernel/test/gup_method.h"

namespace lab::kernel {

/// A place for one reference at a time. Made by the first process before it forks. What each operation does is told by
/// docs/reference/litmus.md; values are those at offset() of a half.
class Reference {
 public:
  virtual ~Reference() = default;
  /// Takes it, of the small page at `page` of the calling process. 0, or an errno: EFAULT where the kernel gives no
  /// reference to this page; any other, where it does not let us ask.
  virtual int take(char* page) = 0;
  /// Nothing: the kernel did not let us look.
  virtual std::optional<std::uint64_t> peek(litmus::Half half) = 0;
  /// False: the kernel did not let us write.
  virtual bool poke(litmus::Half half, std::uint64_t value) = 0;
  virtual void drop() = 0;
};

/// nullptr: the kernel refuses what it needs. `fuse` is for the methods that need it, and has to outlive it.
std::unique_ptr<Reference> make_reference(const ReferenceUse& use, FuseFile* fuse);

/// Plain references to a small page that stay until all processes that there are now have ended. False: refused.
bool hold(char* page, std::uint32_t count);

// One file each.
std::unique_ptr<Reference> make_splice_reference();
std::unique_ptr<Reference> make_ring_reference();
std::unique_ptr<Reference> make_copy_reference(const ReferenceUse& use);
std::unique_ptr<Reference> make_fuse_reference(const ReferenceUse& use, FuseFile& file);

}  // namespace lab::kernel
