#include <cstring>

#include <cleave/image/repository.h>

#include "base/fail.h"
#include "image/leases.h"
#include "image/pointers.h"
#include "image/state.h"

namespace cleave {
namespace {

using detail::fail;
using detail::image::guarded;
using detail::image::RepositoryState;

Result<void> enough_for(const Pool& pool, const ImageRecord& record) {
  if (record.pages <= pool.statistics().budget) return {};
  return fail(Errc::no_memory, "the image has more pages than the pool's budget");
}

tl::unexpected<Error> not_for_pushes() {
  return fail(Errc::bad_argument,
              "refs under readers/ and touched/ are the library's own; push to another name");
}

}  // namespace

const ImageId& PushedImage::id() const { return state_->id; }
std::uint64_t PushedImage::bytes_put() const { return state_->bytes_put; }
std::uint64_t PushedImage::pages_put() const { return state_->pages_put; }

Repository::Repository(std::unique_ptr<RepositoryState> state) : state_(std::move(state)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

Result<Repository> Repository::create(std::unique_ptr<ImageStore> store) {
  return guarded([&]() -> Result<Repository> {
    auto state = std::make_unique<RepositoryState>(std::move(store));
    const auto made = state->swap({}, {});
    if (!made) return tl::unexpected(made.error());
    if (!*made) return fail(Errc::already_exists, "there is a repository of images already");
    return Repository(std::move(state));
  });
}

Result<Repository> Repository::open(std::unique_ptr<ImageStore> store) {
  return guarded([&]() -> Result<Repository> {
    auto state = std::make_unique<RepositoryState>(std::move(store));
    if (auto seen = state->look(); !seen) return tl::unexpected(seen.error());
    return Repository(std::move(state));
  });
}

Result<PushedImage> Repository::push(const Snapshot& snapshot, std::string_view ref,
                                     const PushOptions& options) {
  return guarded([&]() -> Result<PushedImage> {
    if (detail::image::is_reserved(ref)) return not_for_pushes();
    return state_->push(snapshot, ref, options);
  });
}

Result<PushedImage> Repository::push(const Commit& commit, std::string_view ref,
                                     PushOptions options) {
  return guarded([&] {
    std::size_t arenas = 0;
    commit.snapshot().for_each_region([&](const Region&) { ++arenas; });
    options.kind = arenas == 1 ? ImageRecord::Kind::arena : ImageRecord::Kind::space;
    if (options.payload.empty()) {
      const std::span<const std::byte> own = commit.payload();
      options.payload.assign(reinterpret_cast<const char*>(own.data()), own.size());
    }
    return push(commit.snapshot(), ref, options);
  });
}

Result<std::vector<ImageRef>> Repository::refs() {
  return guarded([&]() -> Result<std::vector<ImageRef>> {
    const auto seen = state_->look();
    if (!seen) return tl::unexpected(seen.error());
    std::vector<ImageRef> refs;
    for (const auto& [name, ref] : seen->root.refs) {
      refs.push_back({name, ref.commit, ref.generation});
    }
    return refs;
  });
}

Result<ImageId> Repository::resolve(std::string_view text) {
  return guarded([&] { return state_->resolve(text); });
}

Result<void> Repository::forget(std::string_view ref) {
  return guarded([&] { return state_->forget(ref); });
}

Result<ImageRecord> Repository::record(const ImageId& commit) {
  return guarded([&] { return state_->objects.commit(commit); });
}

Result<std::vector<ImageId>> Repository::history(const ImageId& commit, std::size_t most) {
  return guarded([&]() -> Result<std::vector<ImageId>> {
    std::vector<ImageId> line;
    for (ImageId id = commit; line.size() < most;) {
      line.push_back(id);
      const auto record = state_->objects.commit(id);
      if (!record) return tl::unexpected(record.error());
      if (record->parents.empty()) break;
      id = record->parents.front();
    }
    return line;
  });
}

Result<void> Repository::diff(const ImageId& a, const ImageId& b,
                              function_ref<void(PageRange)> differs) {
  return guarded([&]() -> Result<void> {
    const auto one = state_->objects.commit(a);
    if (!one) return tl::unexpected(one.error());
    const auto other = state_->objects.commit(b);
    if (!other) return tl::unexpected(other.error());
    return state_->diff(*one, *other, differs);
  });
}

Result<void> Repository::read(
    const ImageId& commit, function_ref<Result<void>(PageNo, std::span<const std::byte>)> visit) {
  return guarded([&]() -> Result<void> {
    const auto record = state_->objects.commit(commit);
    if (!record) return tl::unexpected(record.error());
    return state_->read(*record, visit);
  });
}

Result<Space> Repository::checkout(const Pool& pool, const ImageId& commit) {
  return guarded([&]() -> Result<Space> {
    const auto record = state_->objects.commit(commit);
    if (!record) return tl::unexpected(record.error());
    if (auto room = enough_for(pool, *record); !room) return tl::unexpected(room.error());
    auto space = Space::create(pool);
    if (!space) return space;
    const auto size_of = [](const Region& r) { return r.pages.pages() * kPageSize; };
    for (const Region& region : record->regions) {
      auto mapped = space->map_at(address_of(region.pages.first), size_of(region));
      if (!mapped) return tl::unexpected(mapped.error());
    }
    const auto filled = state_->read(*record, [&](PageNo page, std::span<const std::byte> bytes) {
      return space->write(address_of(page), bytes);
    });
    if (!filled) return tl::unexpected(filled.error());
    for (const Region& region : record->regions) {
      auto set = space->protect(address_of(region.pages.first), size_of(region), region.protection);
      if (!set) return tl::unexpected(set.error());
    }
    return space;
  });
}

Result<std::vector<ImageModule>> Repository::foreign_modules(const ImageId& commit) {
  return guarded([&]() -> Result<std::vector<ImageModule>> {
    const auto record = state_->objects.commit(commit);
    if (!record) return tl::unexpected(record.error());
    return detail::image::foreign(record->modules);
  });
}

Result<Arena> Repository::checkout_arena(const Pool& pool, const ImageId& commit,
                                         ArenaOptions options) {
  return guarded([&]() -> Result<Arena> {
    const auto record = state_->objects.commit(commit);
    if (!record) return tl::unexpected(record.error());
    if (auto usable = detail::image::check_arena(*record); !usable) {
      return tl::unexpected(usable.error());
    }
    if (auto room = enough_for(pool, *record); !room) return tl::unexpected(room.error());
    const PageRange own = record->regions.front().pages;
    options.at = reinterpret_cast<void*>(raw(address_of(own.first)));  // NOLINT: where it was
    auto arena = Arena::create(pool, own.pages() * kPageSize, options);
    if (!arena) return arena;
    const auto filled =
        state_->read(*record, [&](PageNo page, std::span<const std::byte> bytes) -> Result<void> {
          std::byte* const to = arena->data() + (page - own.first) * kPageSize;
          arena->mark_dirty(to, kPageSize);
          std::memcpy(to, bytes.data(), bytes.size());
          return {};
        });
    if (!filled) return tl::unexpected(filled.error());
    if (auto made = arena->commit({}, std::as_bytes(std::span(record->payload))); !made)
      return tl::unexpected(made.error());
    return arena;
  });
}

Result<ImageId> Repository::fetch(Repository& from, std::string_view ref, bool force) {
  return guarded([&] { return state_->fetch(*from.state_, ref, force); });
}

Result<VerifiedImages> Repository::verify() {
  return guarded([&] { return state_->verify(); });
}

Result<CollectedImages> Repository::collect(bool at_once) {
  return guarded([&] { return state_->collect(at_once); });
}

void Repository::on_progress(std::function<void(std::uint64_t, std::uint64_t)> told) {
  state_->told = std::move(told);
}

}  // namespace cleave
