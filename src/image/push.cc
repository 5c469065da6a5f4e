// Push: name what differs, put what the store lacks, swap the root.
#include <cstring>

#include "base/fail.h"
#include "image/format/commit.h"
#include "image/pointers.h"
#include "image/state.h"

namespace cleave::detail::image {
namespace {

constexpr std::array<std::byte, kPageSize> kZeroPage{};

bool is_zero(View page) { return std::memcmp(page.data(), kZeroPage.data(), page.size()) == 0; }

// With the same pool and nothing in it.
Result<Snapshot> without_pages(const Snapshot& snapshot) {
  auto space = snapshot.fork();
  if (!space) return tl::unexpected(space.error());
  Result<void> done;
  snapshot.for_each_region([&](const Region& region) {
    if (!done) return;
    done = space->unmap(address_of(region.pages.first), region.pages.pages() * kPageSize);
  });
  if (!done) return tl::unexpected(done.error());
  return space->snapshot();
}

Result<ImageRecord> described(const Snapshot& snapshot, const PushOptions& options) {
  ImageRecord record;
  record.kind = options.kind;
  record.layout = options.layout;
  record.message = options.message;
  record.payload = options.payload;
  record.root_object = reinterpret_cast<std::uintptr_t>(options.root_object);
  if (options.kind == ImageRecord::Kind::arena) record.architecture = architecture();
  snapshot.for_each_region([&](const Region& region) { record.regions.push_back(region); });
  if (!holds(record)) {
    return fail(Errc::bad_argument,
                "an image's message has at most 4 KiB, its payload 64 KiB, a space 32,768 regions, "
                "an arena one");
  }
  return record;
}

Result<void> check_expected(const Root& root, std::string_view ref,
                            const std::optional<ImageId>& expected) {
  if (!expected) return {};
  const auto found = root.refs.find(ref);
  if (*expected == (found == root.refs.end() ? ImageId{} : found->second.commit)) return {};
  return fail(Errc::not_permitted,
              "the ref is not where this push expected it: another push came first; check out what "
              "it has now, and try again");
}

}  // namespace

// A commit but for its parents.
struct RepositoryState::Draft {
  Snapshot snapshot;
  Tree tree;
  ImageRecord record;
};

// What it meets first it puts at once, so that compressing and writing go on beside the hashing.
Result<RepositoryState::Draft> RepositoryState::draft(const Snapshot& snapshot, ImageRecord record,
                                                      const PushedState* since, Packer& packer,
                                                      std::uint64_t& pages) {
  auto base = since == nullptr ? without_pages(snapshot) : Result<Snapshot>(since->snapshot);
  if (!base) return tl::unexpected(base.error());
  std::uint64_t total = 0;
  auto compared = cleave::diff(*base, snapshot, [&](PageRange each) { total += each.pages(); });
  if (!compared) return tl::unexpected(compared.error());
  Draft draft{snapshot, since == nullptr ? Tree{} : since->tree, std::move(record)};
  OutsideWords words(draft.record, since == nullptr ? std::vector<ImageModule>{} : since->modules);
  std::uint64_t seen = 0;
  const auto add = [&](PageNo page) -> Result<void> {
    if (++seen % 1024 == 0) tell(seen, total);
    const auto view = snapshot.view(page);
    if (!view) return tl::unexpected(view.error());
    if (view->is_absent() || is_zero(view->bytes())) {
      draft.tree.set(page, {});
      return {};
    }
    const ImageId id = hash(view->bytes());
    draft.tree.set(page, id);
    words.look_at(view->bytes());
    if (packer.has(id)) return {};
    ++pages;
    return packer.add(id, view->bytes());
  };
  Result<void> done;
  compared = cleave::diff(*base, snapshot, [&](PageRange differs) {
    for (PageNo page = differs.first; done && page < differs.end; ++page) done = add(page);
  });
  if (!compared) return tl::unexpected(compared.error());
  if (!done) return tl::unexpected(done.error());
  const Tree::Top top = draft.tree.seal();
  draft.record.root = top.root;
  draft.record.height = top.height;
  draft.record.pages = draft.tree.pages();
  draft.record.modules = words.modules();
  return draft;
}

// The store lacks an object where no pack has it that is not condemned.
Result<void> RepositoryState::upload(const Draft& draft, Packer& packer, std::uint64_t& pages) {
  const auto page = [&](PageNo number, const ImageId& id) -> Result<void> {
    if (packer.has(id)) return {};
    const auto view = draft.snapshot.view(number);
    if (!view) return tl::unexpected(view.error());
    ++pages;
    return packer.add(id, view->bytes());
  };
  const auto node = [&](const ImageId& id, const Bytes& bytes) -> Result<void> {
    if (packer.has(id)) return {};
    return packer.add(id, bytes);
  };
  return draft.tree.visit({page, node});
}

// An answer was lost. Whether the swap was, too, the ref says; but what can be seen need not be
// durable yet: that is what a swap says, so another one that changes nothing has to come through.
bool RepositoryState::confirm(std::string_view ref, const PushId& mine) {
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto seen = look();
    if (!seen) return false;
    const auto found = seen->root.refs.find(ref);
    if (found == seen->root.refs.end() || found->second.push != mine) return false;
    const auto swapped = swap(*seen, seen->root);
    if (!swapped) return false;
    if (*swapped) return true;
  }
  return false;
}

Result<PushedImage> RepositoryState::push(const Snapshot& snapshot, std::string_view ref,
                                          const PushOptions& options) {
  if (!is_ref_name(ref)) {
    return fail(Errc::bad_argument,
                "a ref's name is of [A-Za-z0-9._-], in parts between slashes that begin with none "
                "of . and -, and has at most 200 bytes");
  }
  auto record_without_pages = described(snapshot, options);
  if (!record_without_pages) return tl::unexpected(record_without_pages.error());
  std::optional<ImageId> expected = options.expected;
  if (!expected && options.since != nullptr) expected = options.since->id();
  const auto look_as_expected = [&]() -> Result<SeenRoot> {
    auto seen = look_at_all();
    if (!seen) return seen;
    if (auto as = check_expected(seen->root, ref, expected); !as) return tl::unexpected(as.error());
    return seen;
  };
  // Before the draft, which puts what the store lacks: who is refused has put nothing.
  auto seen = look_as_expected();
  if (!seen) return tl::unexpected(seen.error());

  Packer packer(*store, catalog);
  std::uint64_t pages_put = 0;
  auto drafted =
      draft(snapshot, std::move(*record_without_pages),
            options.since == nullptr ? nullptr : options.since->state_.get(), packer, pages_put);
  if (!drafted) return tl::unexpected(drafted.error());
  const PushId mine = random_bytes();
  auto pushed = std::make_shared<PushedState>(snapshot, drafted->tree);
  pushed->modules = drafted->record.modules;
  const auto finished = [&] {
    pushed->pages_put = pages_put;
    pushed->bytes_put = packer.bytes_put();
    return PushedImage(std::move(pushed));
  };
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (tries > 0) seen = look_as_expected();
    if (!seen) return tl::unexpected(seen.error());
    Root desired = seen->root;
    RefRecord& mark = desired.refs[std::string(ref)];
    ImageRecord& record = drafted->record;
    record.parents.clear();
    if (!mark.commit.is_none()) record.parents.push_back(mark.commit);
    const Bytes commit = encode(record);
    pushed->id = hash(commit);

    if (auto put = upload(*drafted, packer, pages_put); !put) {
      return tl::unexpected(put.error());
    }
    if (!packer.has(pushed->id)) {
      if (auto put = packer.add(pushed->id, commit); !put) return tl::unexpected(put.error());
    }
    if (auto put = packer.flush(); !put) return tl::unexpected(put.error());
    mark = {pushed->id, mark.generation + 1, mine};
    const auto swapped = swap(*seen, desired);
    if (swapped && *swapped) return finished();
    if (swapped) continue;
    if (confirm(ref, mine)) return finished();
    return tl::unexpected(swapped.error());
  }
  return fail(Errc::io, "64 times another push or a collector came first; try again");
}

}  // namespace cleave::detail::image
