#include "image/store/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

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
  if (!sync_file(fd)) return refused_by_disk("an image's store could not be synced (fsync)");
  return {};
}

class RealDisk final : public Disk {
 public:
  Result<void> make_folder(const std::string& path) override {
    if (mkdir(path.c_str(), 0777) == 0 || errno == EEXIST) return {};
    return refused_by_disk("a folder of an image's store could not be made");
  }

  Result<bool> publish(const std::string& folder, const std::string& name, View bytes) override {
    const Uncancelled here;
    const std::string path = folder + "/" + name;
    const Descriptor file(above_standard_streams(open_file(folder, O_TMPFILE | O_WRONLY, 0444)));
    if (!file.is_open()) {
      if (errno == EOPNOTSUPP || errno == EISDIR) return publish_by_name(folder, path, bytes);
      return refused_by_disk("no file can be made in an image's store");
    }
    if (auto done = write_all(file.get(), bytes); !done) return tl::unexpected(done.error());
    const std::string without_name = "/proc/self/fd/" + std::to_string(file.get());
    const int done =
        linkat(AT_FDCWD, without_name.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
    // Without /proc, as in a bare chroot(2), that name leads nowhere.
    if (done != 0 && errno == ENOENT) return publish_by_name(folder, path, bytes);
    return linked(done);
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
    Result<bool> result = false;
    if (done) {
      result = linked(link(name.c_str(), path.c_str()));
    } else {
      result = tl::unexpected(done.error());
    }
    (void)unlink(name.c_str());
    return result;
  }
};

}  // namespace

std::unique_ptr<Disk> real_disk() { return std::make_unique<RealDisk>(); }

}  // namespace cleave::detail::image
