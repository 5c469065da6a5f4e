#include "tools/image/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

#include "tools/image/failure.h"

namespace cleave::command::image {
namespace {

// What the payload of a file's commit begins with; its size follows.
constexpr std::string_view kFile = "file ";
constexpr std::size_t kPiece = 256 * kPageSize;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { (void)close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

struct stat state_of(const File& file, const std::string& path) {
  struct stat state = {};
  if (fstat(file.get(), &state) != 0) fail_with_errno(path, "name a file that can be read");
  return state;
}

bool same(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

std::size_t read_at(const File& file, std::uint64_t at, std::span<std::byte> into,
                    const std::string& path) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got =
        pread(file.get(), into.data() + done, into.size() - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno(path, "nothing was pushed");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

// 0, or why not.
int write_at(const File& file, std::uint64_t at, std::span<const std::byte> from) {
  for (std::size_t done = 0; done < from.size();) {
    const ssize_t put =
        pwrite(file.get(), from.data() + done, from.size() - done, static_cast<off_t>(at + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    done += static_cast<std::size_t>(put);
  }
  return 0;
}

// SQLite keeps what is newest in files beside the database, while it is open or after a crash.
void refuse_unfinished_database(const std::string& path, std::span<const std::byte> beginning) {
  constexpr std::string_view kMagic = "SQLite format 3";
  if (beginning.size() < kMagic.size() ||
      !std::ranges::equal(std::as_bytes(std::span(kMagic)), beginning.first(kMagic.size()))) {
    return;
  }
  for (const char* suffix : {"-wal", "-journal"}) {
    struct stat beside = {};
    if (stat((path + suffix).c_str(), &beside) == 0 && beside.st_size > 0) {
      fail(path, fmt::format("part of the database lies in {}{}; close it in all programs first, "
                             "or copy it with SQLite's VACUUM INTO and push the copy",
                             path, suffix));
    }
  }
}

bool is_zero(std::span<const std::byte> page) {
  return std::ranges::all_of(page, [](std::byte byte) { return byte == std::byte{}; });
}

void fill(Space& space, const File& file, std::uint64_t size, const std::string& path) {
  std::vector<std::byte> piece(kPiece);
  for (std::uint64_t at = 0; at < size; at += kPiece) {
    std::ranges::fill(piece, std::byte{});
    const std::size_t got = read_at(file, at, piece, path);
    if (at == 0) refuse_unfinished_database(path, std::span(piece).first(got));
    for (std::size_t page = 0; page < got; page += kPageSize) {
      const auto bytes = std::span<const std::byte>(piece).subspan(page, kPageSize);
      if (!is_zero(bytes)) image::got(space.write(Address{at + page}, bytes), path);
    }
  }
}

std::uint64_t rounded(std::uint64_t size) { return (size + kPageSize - 1) / kPageSize * kPageSize; }

// A new file beside `path`, which is removed unless it was given its name.
class NewFile {
 public:
  explicit NewFile(const std::string& path)
      : path_(path), name_(path + ".XXXXXX"), file_(mkstemp(name_.data())) {
    if (file_.get() < 0) fail_with_errno(path, "name a file in a folder that you may write to");
    const mode_t mask = umask(0);
    (void)umask(mask);
    (void)fchmod(file_.get(), 0666 & ~mask);
  }
  ~NewFile() {
    if (!name_.empty()) (void)unlink(name_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  [[nodiscard]] const File& file() const { return file_; }

  void give_its_name(bool replace) {
    if (fsync(file_.get()) != 0) fail_with_errno(path_, "nothing was left there");
    const unsigned how = replace ? 0 : RENAME_NOREPLACE;
    if (renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path_.c_str(), how) != 0) {
      fail_with_errno(path_, "name a file that is not there yet, or give --force");
    }
    name_.clear();
  }

 private:
  std::string path_;
  std::string name_;
  File file_;
};

}  // namespace

std::optional<std::uint64_t> size_of_file(const ImageRecord& record) {
  const std::string_view payload = record.payload;
  if (record.kind != ImageRecord::Kind::space || !payload.starts_with(kFile)) return {};
  std::uint64_t size = 0;
  const char* const end = payload.data() + payload.size();
  const auto read = std::from_chars(payload.data() + kFile.size(), end, size);
  if (read.ec != std::errc{} || read.ptr != end || size > raw(kPageLimit) * kPageSize) return {};
  return size;
}

PushedImage push_file(Repository& repository, const std::string& path, const std::string& ref,
                      const std::string& message) {
  // A fifo must not keep the command waiting before it is refused.
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail_with_errno(path, "name a file that can be read");
  const struct stat before = state_of(file, path);
  if (!S_ISREG(before.st_mode)) fail(path, "it is no regular file; name one");
  const auto size = static_cast<std::uint64_t>(before.st_size);

  // The pages, and the table that leads to them.
  const Pool pool =
      got(Pool::create(ByteCount{size + size / 16 + (std::uint64_t{16} << 20)}), path);
  Space space = got(Space::create(pool), path);
  if (size != 0) got(space.map_at(Address{0}, rounded(size)), path);
  fill(space, file, size, path);
  if (!same(before, state_of(file, path))) {
    fail(path, "it was written to while it was read; push it when its program is done");
  }
  return got(repository.push(got(space.snapshot(), path), ref,
                             {.message = message, .payload = fmt::format("{}{}", kFile, size)}),
             ref);
}

std::uint64_t write_file(Repository& repository, const ImageId& commit, const std::string& path,
                         bool replace) {
  const ImageRecord record = got(repository.record(commit), commit.hex());
  const auto size = size_of_file(record);
  if (!size) fail(commit.hex(), "it is no file's commit; check it out by Repository::checkout");
  if (!replace && access(path.c_str(), F_OK) == 0) {
    fail(path, "it is there already; name another file, or give --force");
  }
  NewFile made(path);
  if (ftruncate(made.file().get(), static_cast<off_t>(*size)) != 0) {
    fail_with_errno(path, "make room, or name another place; nothing was left there");
  }
  const auto written = [&](PageNo page, std::span<const std::byte> bytes) -> Result<void> {
    const std::uint64_t at = raw(page) * kPageSize;
    if (at >= *size) {
      return tl::unexpected<Error>({Errc::bad_argument,
                                    "a file's commit has pages beyond the file's end",
                                    address_of(page)});
    }
    const std::uint64_t length = std::min<std::uint64_t>(bytes.size(), *size - at);
    const int refused = write_at(made.file(), at, bytes.first(length));
    if (refused == 0) return {};
    return tl::unexpected<Error>({Errc::io,
                                  "the file could not be written: make room, or name another "
                                  "place; nothing was left there",
                                  Address{0}, refused});
  };
  got(repository.read(commit, written), path);
  made.give_its_name(replace);
  return *size;
}

}  // namespace cleave::command::image
