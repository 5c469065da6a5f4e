#include "rados/store.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <new>
#include <optional>

#include "base/fail.h"
#include "base/uncancelled.h"
#include "image/store/cell.h"
#include "image/store/key.h"
#include "rados/completion.h"

namespace cleave {
namespace detail::rados {
namespace {

using image::Bytes;
using image::is_key;
using image::no_key;
using image::View;

constexpr const char* kGeneration = "generation";
// Objects that are asked for their sizes at once.
constexpr std::size_t kMostAtOnce = 64;
// What is read in one operation of a large object: while one comes over the network, the cluster
// reads the next.
constexpr std::size_t kPart = std::size_t{2} << 20;

class WriteOperation {
 public:
  WriteOperation() : operation_(rados_create_write_op()) {}
  ~WriteOperation() { rados_release_write_op(operation_); }
  WriteOperation(const WriteOperation&) = delete;
  WriteOperation& operator=(const WriteOperation&) = delete;

  void create() { rados_write_op_create(operation_, LIBRADOS_CREATE_EXCLUSIVE, nullptr); }
  void require(const std::string& value) {
    rados_write_op_cmpxattr(operation_, kGeneration, LIBRADOS_CMPXATTR_OP_EQ, value.data(),
                            value.size());
  }
  void mark(const std::string& value) {
    rados_write_op_setxattr(operation_, kGeneration, value.data(), value.size());
  }
  void write(View bytes) {
    rados_write_op_write_full(operation_, reinterpret_cast<const char*>(bytes.data()),
                              bytes.size());
  }
  int on(rados_ioctx_t pool, const std::string& object) {
    return rados_write_op_operate(operation_, pool, object.c_str(), nullptr, 0);
  }

 private:
  rados_write_op_t operation_;
};

std::string object_of_cell(std::string_view name) { return "cells/" + std::string(name); }

tl::unexpected<Error> only_read() {
  return fail(Errc::not_permitted, "the store in RADOS was opened for reading only");
}

tl::unexpected<Error> no_such_object() {
  return fail(Errc::not_mapped, "an image's store has no such object: it was removed, or lost");
}

/// Calls `each` with the names in a namespace.
template <class Each>
int for_each_object(rados_ioctx_t pool, const Each& each) {
  rados_list_ctx_t list = nullptr;
  if (const int result = rados_nobjects_list_open(pool, &list); result < 0) return result;
  const std::unique_ptr<void, void (*)(rados_list_ctx_t)> closed(list, rados_nobjects_list_close);
  for (;;) {
    const char* name = nullptr;
    const int result = rados_nobjects_list_next(list, &name, nullptr, nullptr);
    if (result == -ENOENT) return 0;
    if (result < 0) return result;
    each(std::string_view(name));
  }
}

/// The sizes of objects, many under way at once.
class Asking {
 public:
  explicit Asking(rados_ioctx_t pool) : pool_(pool) {}

  /// Negative: an error of Ceph's.
  int ask(const std::string& object) {
    if (const int result = wait(kMostAtOnce - 1); result < 0) return result;
    under_way_.push_back(std::make_unique<Asked>(pool_, object));
    return 0;
  }
  /// Until no more than so many are under way.
  int wait(std::size_t left) {
    int worst = 0;
    while (under_way_.size() > left) {
      const std::unique_ptr<Asked> asked = std::move(under_way_.front());
      under_way_.pop_front();
      const int result = asked->done.wait();
      if (result == 0) found.emplace_back(asked->object, asked->size);
      if (result < 0 && result != -ENOENT) worst = result;  // it may be removed meanwhile
    }
    return worst;
  }

  std::vector<std::pair<std::string, std::uint64_t>> found;

 private:
  struct Asked {
    Asked(rados_ioctx_t pool, std::string its_object)
        : object(std::move(its_object)), done([&](rados_completion_t completion) {
            return rados_aio_stat(pool, object.c_str(), completion, &size, &time);
          }) {}
    std::string object;
    std::uint64_t size = 0;
    time_t time = 0;
    Completion done;
  };
  rados_ioctx_t pool_;
  std::deque<std::unique_ptr<Asked>> under_way_;
};

/// Fills `into` from `offset` on; all parts are under way at once. How many bytes there were;
/// negative: an error of Ceph's.
std::int64_t read_in_parts(rados_ioctx_t pool, const std::string& object, std::uint64_t offset,
                           std::span<std::byte> into) {
  std::vector<std::pair<std::size_t, Completion>> parts;
  parts.reserve(into.size() / kPart + 1);
  for (std::size_t at = 0; at < into.size(); at += kPart) {
    const auto part = into.subspan(at, std::min(kPart, into.size() - at));
    parts.emplace_back(part.size(), Completion([&](rados_completion_t completion) {
                         return rados_aio_read(pool, object.c_str(), completion,
                                               reinterpret_cast<char*>(part.data()), part.size(),
                                               offset + at);
                       }));
  }
  std::int64_t read = 0;
  for (auto& [size, done] : parts) {
    const int result = done.wait();
    if (result < 0) return result;
    read += result;
    if (static_cast<std::size_t>(result) < size) break;  // it ends here
  }
  return read;
}

}  // namespace

Result<std::optional<std::uint64_t>> RadosStore::size_of(const std::string& object) {
  const Uncancelled here;
  std::uint64_t size = 0;
  time_t time = 0;
  const int result = rados_stat(cluster_.pool(), object.c_str(), &size, &time);
  if (result == -ENOENT) return std::optional<std::uint64_t>();
  if (result < 0) return refused_by_cluster(result);
  return std::optional(size);
}

// In one operation: what is read while it changes is whole.
Result<std::vector<std::byte>> RadosStore::read(const std::string& object, std::uint64_t offset,
                                                std::uint64_t size) {
  const Uncancelled here;
  Bytes bytes(size);
  const int result = rados_read(cluster_.pool(), object.c_str(),
                                reinterpret_cast<char*>(bytes.data()), bytes.size(), offset);
  if (result == -ENOENT) return no_such_object();
  if (result < 0) return refused_by_cluster(result);
  bytes.resize(static_cast<std::size_t>(result));
  return bytes;
}

Result<bool> RadosStore::put(std::string_view key, std::span<const std::byte> bytes) {
  const Uncancelled here;
  if (!is_key(key)) return no_key();
  if (read_only_) return only_read();
  WriteOperation operation;
  operation.create();
  operation.write(bytes);
  const int result = operation.on(cluster_.pool(), std::string(key));
  if (result == -EEXIST) return false;
  if (result < 0) return refused_by_cluster(result);
  return true;
}

Result<std::vector<std::byte>> RadosStore::get(std::string_view key, std::uint64_t offset,
                                               std::uint64_t size) {
  const Uncancelled here;
  if (!is_key(key)) return no_key();
  Bytes bytes(size);
  const std::int64_t read = read_in_parts(cluster_.pool(), std::string(key), offset, bytes);
  if (read == -ENOENT) return no_such_object();
  if (read < 0) return refused_by_cluster(static_cast<int>(read));
  if (static_cast<std::uint64_t>(read) < size) {
    return fail(Errc::not_mapped, "an object of an image's store is shorter than it has to be");
  }
  return bytes;
}

Result<std::vector<ImageStore::Item>> RadosStore::list(std::string_view prefix) {
  const Uncancelled here;
  if (!is_key(prefix)) return no_key();
  const std::string beginning = std::string(prefix) + "/";
  Sizes& known = sizes_[std::string(prefix)];
  Sizes listed;
  Asking asking(cluster_.pool());
  int asked = 0;
  const int result = for_each_object(cluster_.pool(), [&](std::string_view name) {
    if (!name.starts_with(beginning) || !is_key(name)) return;
    if (const auto found = known.find(name); found != known.end()) {
      listed.insert(*found);
    } else if (asked == 0) {
      asked = asking.ask(std::string(name));
    }
  });
  if (result < 0) return refused_by_cluster(result);
  if (asked == 0) asked = asking.wait(0);
  if (asked < 0) return refused_by_cluster(asked);
  for (auto& [name, size] : asking.found) listed.emplace(std::move(name), size);
  known = std::move(listed);
  std::vector<Item> items;
  for (const auto& [name, size] : known) items.push_back({name, size});
  return items;
}

Result<void> RadosStore::remove(std::string_view key) {
  const Uncancelled here;
  if (!is_key(key)) return no_key();
  if (read_only_) return only_read();
  const int result = rados_remove(cluster_.pool(), std::string(key).c_str());
  if (result < 0 && result != -ENOENT) return refused_by_cluster(result);
  return {};
}

// Its size is asked for first; a swap in between makes it another. What is read at once is whole.
Result<ImageStore::Cell> RadosStore::cell(std::string_view name) {
  const Uncancelled here;
  if (!is_key(name)) return no_key();
  const std::string object = object_of_cell(name);
  for (std::optional<std::uint64_t> before;;) {
    const auto size = size_of(object);
    if (!size) return tl::unexpected(size.error());
    if (!*size) return Cell{};
    if (**size > image::kMostCell) break;
    const auto bytes = read(object, 0, **size + 1);
    if (!bytes) return tl::unexpected(bytes.error());
    if (auto found = image::decode_cell(*bytes)) return std::move(found->cell);
    if (before == *size) break;
    before = *size;
  }
  return fail(Errc::io, "the root of a repository of images is damaged in its RADOS pool");
}

Result<bool> RadosStore::swap(std::string_view name, std::uint64_t generation,
                              std::span<const std::byte> bytes) {
  const Uncancelled here;
  if (!is_key(name)) return no_key();
  if (read_only_) return only_read();
  const Bytes object = image::encode_cell(generation + 1, {}, bytes);
  WriteOperation operation;
  if (generation == 0) {
    operation.create();
  } else {
    operation.require(std::to_string(generation));
  }
  operation.mark(std::to_string(generation + 1));
  operation.write(object);
  const int result = operation.on(cluster_.pool(), object_of_cell(name));
  if (result == -EEXIST || result == -ECANCELED || result == -ENOENT) return false;
  if (result < 0) return refused_by_cluster(result);
  return true;
}

}  // namespace detail::rados

Result<std::unique_ptr<ImageStore>> rados_store(std::string_view url,
                                                const RadosOptions& options) try {
  const detail::Uncancelled here;
  const auto target = detail::rados::target_of(url);
  if (!target) return tl::unexpected(target.error());
  auto cluster = detail::rados::Cluster::connect(*target, options);
  if (!cluster) return tl::unexpected(cluster.error());
  return std::unique_ptr<ImageStore>(
      std::make_unique<detail::rados::RadosStore>(std::move(*cluster), options.read_only));
} catch (const std::bad_alloc&) {
  return detail::fail(Errc::no_memory, "out of memory for a store in RADOS");
}

}  // namespace cleave
