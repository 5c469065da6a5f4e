// Commits that outlive the process. Of the library cleave-image.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cleave/arena.h>
#include <cleave/commit.h>
#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/function_ref.h>
#include <cleave/image/id.h>
#include <cleave/image/record.h>
#include <cleave/image/store.h>
#include <cleave/pool.h>
#include <cleave/snapshot.h>
#include <cleave/space.h>

namespace cleave {

namespace detail::image {
class RepositoryState;
class PushedState;
}  // namespace detail::image

/// A commit that was pushed, and what is remembered of it so that the next push costs what has
/// changed: the snapshot, and 34 bytes for each of its pages. Copies are cheap.
class CLEAVE_API PushedImage {
 public:
  /// The commit's name.
  [[nodiscard]] const ImageId& id() const;
  /// Bytes that this push put into the store, as they lie there.
  [[nodiscard]] std::uint64_t bytes_put() const;
  /// Pages of these, which the store lacked.
  [[nodiscard]] std::uint64_t pages_put() const;

 private:
  friend class detail::image::RepositoryState;
  explicit PushedImage(std::shared_ptr<const detail::image::PushedState> state)
      : state_(std::move(state)) {}
  std::shared_ptr<const detail::image::PushedState> state_;
};

/// How a push is made.
struct PushOptions {
  /// What was pushed before to the same repository: only pages that differ from it are looked at,
  /// and the ref is expected to stand there still.
  const PushedImage* since = nullptr;
  /// What the ref has to be for the push to happen; an id of none: it must not be there. Nothing:
  /// whatever it is, and that is the commit's parent.
  std::optional<ImageId> expected = std::nullopt;
  ImageRecord::Kind kind = ImageRecord::Kind::space;  ///< arena: a snapshot of an arena's commit
  const void* root_object = nullptr;  ///< of an arena: where the program's own root lies in it
  std::uint32_t layout = 0;           ///< see ImageRecord
  std::string message = {};           ///< see ImageRecord
  std::string payload = {};           ///< see ImageRecord
};

/// A ref of a repository.
struct ImageRef {
  std::string name;              ///< of [A-Za-z0-9._-], parts between slashes; at most 200 bytes
  ImageId commit;                ///< where it stands
  std::uint64_t generation = 0;  ///< how often it was swapped
};

/// What a collection did.
struct CollectedImages {
  std::uint64_t packs = 0;       ///< found
  std::uint64_t candidates = 0;  ///< that nothing needed, for the first time
  std::uint64_t condemned = 0;   ///< that nothing needed for the second time: no push uses them
  std::uint64_t removed = 0;     ///< that were condemned before
  std::uint64_t rewritten = 0;   ///< more than half dead: what lives in them was copied
};

/// What a verification found.
struct VerifiedImages {
  std::uint64_t packs = 0;            ///< read to the end
  std::uint64_t objects = 0;          ///< whose hashes were compared
  std::uint64_t commits = 0;          ///< that refs lead to
  std::vector<std::string> problems;  ///< each with the name of what is wrong; empty: none
};

/// A repository of images: pages, nodes and commits in packs, and refs that name commits. Any
/// number of processes push and pull at once, beside a collector; see docs/decisions/0017.
///
/// A handle of one thread at a time. What it reads is compared with its hash before anything else
/// sees it. Errors of all: io (the store refused, or what it gave is damaged), no_memory.
class CLEAVE_API Repository {
 public:
  /// Makes an empty one in a store that has none. Error: already_exists.
  static Result<Repository> create(std::unique_ptr<ImageStore> store);
  /// Opens one. Errors: not_mapped (there is none), unsupported (of a later version).
  static Result<Repository> open(std::unique_ptr<ImageStore> store);

  Repository(Repository&&) noexcept;             ///< takes over what `other` is
  Repository& operator=(Repository&&) noexcept;  ///< the same
  ~Repository();                                 ///< leaves all as it is

  /// Makes what `snapshot` holds a commit, and the ref its name. When it answers, both are durable.
  /// Only what the store lacks is put there. The program may go on meanwhile. Cost: hashing of
  /// what differs, about 7 us a page, and compressing what the store lacks, some 5 us a page: of
  /// more than a mebibyte by a thread of the library's own, while it runs. Errors: bad_argument (a
  /// ref's name; texts that are too long; kind arena without exactly one region),
  /// not_permitted (the ref is not what was expected: pull, and try again; where that is so at the
  /// call already, nothing was put).
  Result<PushedImage> push(const Snapshot& snapshot, std::string_view ref,
                           const PushOptions& options = {});
  /// The same of an arena's commit, with its payload unless `options` have one: what
  /// checkout_arena() gives stands at a commit that has it again. Of arenas that share a history it
  /// is one of a space. `options.kind` is not looked at.
  Result<PushedImage> push(const Commit& commit, std::string_view ref, PushOptions options = {});

  /// All refs, by name.
  Result<std::vector<ImageRef>> refs();
  /// The commit that a ref names, or that `text` is the id of. Error: not_mapped.
  Result<ImageId> resolve(std::string_view text);
  /// Takes a ref away. Error: not_mapped.
  Result<void> forget(std::string_view ref);
  /// What a commit says of itself. Errors: not_mapped.
  Result<ImageRecord> record(const ImageId& commit);
  /// The commit, its first parent, and so on; at most so many.
  Result<std::vector<ImageId>> history(const ImageId& commit, std::size_t most = 1000);
  /// Calls `differs` for each run of pages in which two commits differ, in order of address.
  Result<void> diff(const ImageId& a, const ImageId& b, function_ref<void(PageRange)> differs);

  /// A space that holds the commit. Errors: as read(), bad_argument (what it says of itself does
  /// not hold), no_memory (the pool's budget is not enough; nothing was read then).
  Result<Space> checkout(const Pool& pool, const ImageId& commit);
  /// An arena that holds the commit, at the address where it was, with a commit made of it that has
  /// its payload. Errors: also already_mapped (something lies there), unsupported (another
  /// architecture),
  /// not_permitted (words in it lead to code or data that is not in this process, or elsewhere:
  /// foreign_modules() names them). `options.at` is not looked at.
  Result<Arena> checkout_arena(const Pool& pool, const ImageId& commit, ArenaOptions options = {});
  /// Of what words of an arena's commit lead to: what this process does not have at that place.
  /// Empty: it can be used here. What it says is found by looking at each word, and can neither see
  /// pointers that are hidden, nor descriptors, nor thread ids.
  Result<std::vector<ImageModule>> foreign_modules(const ImageId& commit);
  /// Calls `visit` with each page of a commit that is not zero, in no order. Error: also whatever
  /// `visit` gives, which ends it.
  Result<void> read(const ImageId& commit,
                    function_ref<Result<void>(PageNo, std::span<const std::byte>)> visit);

  /// Copies what a ref of another repository leads to, and makes this one's ref the same. Only
  /// what is lacking here is read there, and compressed as by push(), a thread too. Error:
  /// not_permitted (the ref here stands at a commit that is not among those; with `force` that is
  /// let go).
  Result<ImageId> fetch(Repository& from, std::string_view ref, bool force = false);

  /// Reads all of it, compares each hash, and follows each ref to its last page.
  Result<VerifiedImages> verify();
  /// One round of the collector: what no ref leads to becomes a candidate, a candidate of an
  /// earlier round is condemned, and what was condemned in an earlier round is removed. Safe beside
  /// pushes and other collectors, whoever dies. With `at_once` a candidate is condemned at once,
  /// which may send pushes that are under way back to where they began. What is kept of a pack that
  /// goes is compressed as by push(), a thread too.
  Result<CollectedImages> collect(bool at_once = false);

  /// Called now and then by push(), checkout(), fetch() and verify(); nothing: no longer.
  void on_progress(std::function<void(std::uint64_t done, std::uint64_t total)> told);

 private:
  CLEAVE_HIDDEN explicit Repository(std::unique_ptr<detail::image::RepositoryState> state);
  std::unique_ptr<detail::image::RepositoryState> state_;
};

}  // namespace cleave
