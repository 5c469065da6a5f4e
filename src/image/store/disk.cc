#include "image/store/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/fail.h"
#include "base/file_limit.h"
#include "base/own_file.h"
#include "base/uncancelled.h"
#include "image/store/descriptor.h"

namespace cleave::detail::image {
namespace {

tl::unexpected<Error> refused_by_disk(const char* what) {
  return fail(Errc::io, what, Address{0}, errno);
}

/// A signal may interrupt a call on a file that lies elsewhere.
template <class Call>
auto until_not_interrupted(Call call) {
  auto done = call();
  while (done < 0 && errno == EINTR) done = call();
  return done;
}

int open_file(const std::string& path, int how, mode_t mode = 0) {
  return until_not_interrupted([&] { return open(path.c_str(), how | O_CLOEXEC, mode); });
}

bool sync_file(int fd) {
  return until_not_interrupted([fd] { return fsync(fd); }) == 0;
}

Result<void> write_all(int fd, View bytes) {
  if (bytes.size() > most_bytes_of_a_file()) {
    return fail(Errc::io,
                "a file of an image's store may not be as large as it has to be here "
                "(RLIMIT_FSIZE, ulimit -f); raise the limit",
                {}, EFBIG);
  }
  while (!bytes.empty()) {
    const ssize_t written =
        until_not_interrupted([&] { return write(fd, bytes.data(), bytes.size()); });
    if (written < 0)
      return refused_by_disk("an image's store could not be written; free some room");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> make_durable(int fd) {
  if (sync_file(fd)) return {};
  return refused_by_disk("an image's store could not be synced (fsync)");
}

// A file that has no name yet. It may stay open from one call to another: its number may be that of
// the program's own file by then, which is neither linked nor closed.
class Nameless {
 public:
  Nameless(int descriptor, std::string its_path) : path(std::move(its_path)), file_(descriptor) {}
  Nameless(Nameless&&) noexcept = default;
  Nameless& operator=(Nameless&&) = delete;
  ~Nameless() {
    if (get() >= 0) file_.close();
  }

  [[nodiscard]] bool is_open() const { return !file_.is_none(); }
  /// -1: the program has closed it.
  [[nodiscard]] int get() const {
    const int descriptor = file_.descriptor();
    struct stat about = {};
    if (descriptor < 0 || !size_ || fstat(descriptor, &about) != 0) return descriptor;
    return about.st_size == *size_ ? descriptor : -1;
  }
  /// All is written. The program may run from now on: where it closes this, the next file that it
  /// makes may have the same inode, but hardly the same size.
  void keep() {
    struct stat about = {};
    if (fstat(file_.descriptor(), &about) == 0) size_ = about.st_size;
  }

  std::string path;

 private:
  OwnFile file_;
  std::optional<off_t> size_;
};

class RealDisk final : public Disk {
 public:
  Result<void> make_folder(const std::string& path) override {
    if (mkdir(path.c_str(), 0777) == 0 || errno == EEXIST) return {};
    return refused_by_disk("a folder of an image's store could not be made");
  }

  Result<bool> publish(const std::string& folder, const std::string& name, View bytes) override {
    const Uncancelled here;
    auto file = open_nameless(folder, name);
    if (!file) return tl::unexpected(file.error());
    if (!file->is_open()) return publish_by_name(folder, file->path, bytes);
    if (auto done = write_all(file->get(), bytes); !done) return tl::unexpected(done.error());
    return give_name(*file);
  }

  // The kernel is told to begin: by the time that they are synced most of it is on the disk, and
  // one transaction of the file system's journal has them all.
  Result<bool> publish_later(const std::string& folder, const std::string& name,
                             View bytes) override {
    const Uncancelled here;
    if (later_.size() == kMostLater) {
      if (auto done = publish_rest(); !done) return tl::unexpected(done.error());
    }
    auto file = open_nameless(folder, name);
    if (!file) return tl::unexpected(file.error());
    if (!file->is_open()) return publish_by_name(folder, file->path, bytes);
    if (is_there(file->path)) return false;
    if (auto done = write_all(file->get(), bytes); !done) return tl::unexpected(done.error());
    (void)sync_file_range(file->get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    file->keep();
    later_.push_back(std::move(*file));
    return true;
  }

  Result<void> publish_rest() override {
    const Uncancelled here;
    const std::vector<Nameless> files = std::exchange(later_, {});
    for (const Nameless& file : files) {
      if (auto named = give_name(file); !named) return tl::unexpected(named.error());
    }
    return {};
  }

  void drop_rest() noexcept override {
    const Uncancelled here;
    later_.clear();
  }

  Result<void> sync_named(const std::string& path) override {
    const Uncancelled here;
    const Descriptor file(open_file(path, O_RDONLY | O_NOFOLLOW));
    if (!file.is_open() && errno == ENOENT) return {};
    if (file.is_open() && sync_file(file.get())) return {};
    return refused_by_disk("a file of an image's store could not be synced (fsync)");
  }

  Result<void> sync_folder(const std::string& path) override {
    const Uncancelled here;
    const Descriptor folder(open_file(path, O_RDONLY | O_DIRECTORY));
    if (folder.is_open() && sync_file(folder.get())) return {};
    return refused_by_disk("a folder of an image's store could not be synced (fsync)");
  }

  Result<void> remove(const std::string& path) override {
    if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return refused_by_disk("a file of an image's store could not be removed");
  }

  Result<Bytes> read(const std::string& path, std::uint64_t offset, std::uint64_t size) override {
    const Uncancelled here;
    const Descriptor file(open_file(path, O_RDONLY | O_NOFOLLOW));
    if (!file.is_open() && errno == ENOENT) {
      return fail(Errc::not_mapped, "an image's store has no such object: it was removed, or lost");
    }
    struct stat about = {};
    if (!file.is_open() || fstat(file.get(), &about) != 0) {
      return refused_by_disk("a file of an image's store could not be opened");
    }
    const auto length = static_cast<std::uint64_t>(about.st_size);
    if (offset > length || size > length - offset) {
      return fail(Errc::not_mapped, "a file of an image's store is shorter than it has to be");
    }
    Bytes bytes(size);
    std::uint64_t done = 0;
    while (done < size) {
      const ssize_t got = until_not_interrupted([&] {
        return pread(file.get(), bytes.data() + done, size - done,
                     static_cast<off_t>(offset + done));
      });
      if (got <= 0) return refused_by_disk("a file of an image's store could not be read");
      done += static_cast<std::uint64_t>(got);
    }
    return bytes;
  }

  void will_read(const std::string& path, std::span<const ImageStore::Part> parts) override {
    const Uncancelled here;
    const Descriptor file(open_file(path, O_RDONLY | O_NOFOLLOW));
    if (!file.is_open()) return;
    for (const ImageStore::Part& part : parts) {
      (void)posix_fadvise(file.get(), static_cast<off_t>(part.offset),
                          static_cast<off_t>(part.size), POSIX_FADV_WILLNEED);
    }
  }

  Result<std::vector<ImageStore::Item>> list(const std::string& path) override {
    const Uncancelled here;
    std::vector<ImageStore::Item> items;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
    if (folder == nullptr && errno == ENOENT) return items;
    if (folder == nullptr) return refused_by_disk("a folder of an image's store could not be read");
    for (;;) {
      errno = 0;
      const dirent* const entry = readdir(folder.get());
      if (entry == nullptr && errno != 0) return refused_by_disk("an image's store: readdir");
      if (entry == nullptr) return items;
      struct stat about = {};
      if (fstatat(dirfd(folder.get()), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // another process has removed it
        return refused_by_disk("a file of an image's store could not be looked at");
      }
      if (!S_ISREG(about.st_mode)) continue;
      items.push_back({entry->d_name, static_cast<std::uint64_t>(about.st_size)});
    }
  }

 private:
  // Not open: files need a name there.
  static Result<Nameless> open_nameless(const std::string& folder, const std::string& name) {
    std::string path = folder + "/" + name;
    // Without /proc, as in a bare chroot(2), a file without a name can be given none.
    if (faccessat(AT_FDCWD, "/proc/self/fd", F_OK, 0) != 0) return Nameless(-1, std::move(path));
    const int file = above_standard_streams(open_file(folder, O_TMPFILE | O_WRONLY, 0444));
    if (file >= 0 || errno == EOPNOTSUPP || errno == EISDIR) {
      return Nameless(file, std::move(path));
    }
    return refused_by_disk("no file can be made in an image's store");
  }

  static Result<bool> give_name(const Nameless& file) {
    const int descriptor = file.get();
    if (descriptor < 0) {
      return fail(Errc::io,
                  "the program has closed a file that an image's store had opened for itself, by "
                  "closefrom(3) or the like; try again",
                  {}, EBADF);
    }
    if (auto done = make_durable(descriptor); !done) return tl::unexpected(done.error());
    const std::string nameless = "/proc/self/fd/" + std::to_string(descriptor);
    return linked(
        linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, file.path.c_str(), AT_SYMLINK_FOLLOW));
  }

  [[nodiscard]] bool is_there(const std::string& path) const {
    return faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           std::ranges::find(later_, path, &Nameless::path) != later_.end();
  }

  static Result<bool> linked(int result) {
    if (result == 0) return true;
    if (errno == EEXIST) return false;
    return refused_by_disk("a file of an image's store could not be linked to its name");
  }

  // Where files need a name. One that is left by a process that was killed has a dot before it.
  static Result<bool> publish_by_name(const std::string& folder, const std::string& path,
                                      View bytes) {
    std::string name = folder + "/.put-XXXXXX";
    const int made = mkostemp(name.data(), O_CLOEXEC);
    const Descriptor file(above_standard_streams(made));
    if (!file.is_open()) {
      auto refused = refused_by_disk("no file can be made in an image's store");
      if (made >= 0) (void)unlink(name.c_str());  // it is there, and has no number left
      return refused;
    }
    auto done = write_all(file.get(), bytes);
    if (done) done = make_durable(file.get());
    Result<bool> result = false;
    if (done) {
      result = linked(link(name.c_str(), path.c_str()));
    } else {
      result = tl::unexpected(done.error());
    }
    (void)unlink(name.c_str());
    return result;
  }

  std::vector<Nameless> later_;
};

}  // namespace

std::unique_ptr<Disk> real_disk() { return std::make_unique<RealDisk>(); }

}  // namespace cleave::detail::image
