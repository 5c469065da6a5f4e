// A store in a folder beside plain files: objects as large as packs.
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "bench/image/benchmarks.h"
#include "bench/image/objects.h"
#include "bench/image/prepared.h"
#include "measure/clock.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

std::string key(std::size_t n) { return fmt::format("packs/{:064x}", n); }

double bytes_a_second(std::size_t objects, double nanoseconds) {
  return static_cast<double>(objects * kObject) / (nanoseconds / 1e9);
}

// As dd does with conv=fdatasync: one file, synced at its end.
class FlatFile {
 public:
  explicit FlatFile(const std::string& name)
      : descriptor_(open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
    measure::must_hold(descriptor_ >= 0, "open(2) failed for the benchmark's file");
  }
  ~FlatFile() { (void)close(descriptor_); }
  FlatFile(const FlatFile&) = delete;
  FlatFile& operator=(const FlatFile&) = delete;

  void put(std::size_t n, std::span<const std::byte> bytes) const {
    const auto at = static_cast<off_t>(n * kObject);
    measure::must_hold(
        pwrite(descriptor_, bytes.data(), bytes.size(), at) == static_cast<ssize_t>(bytes.size()),
        "write(2) failed for the benchmark's file; is the disk full?");
  }
  void get(std::size_t n, std::span<std::byte> into) const {
    const auto at = static_cast<off_t>(n * kObject);
    measure::must_hold(
        pread(descriptor_, into.data(), into.size(), at) == static_cast<ssize_t>(into.size()),
        "read(2) failed for the benchmark's file");
  }
  void sync() const { measure::must_hold(fdatasync(descriptor_) == 0, "fdatasync(2) failed"); }

 private:
  int descriptor_;
};

Row row_of(const char* what, const char* baseline, const Samples& ours, const Samples& theirs) {
  Row row{.name = std::string("image/folder/") + what,
          .unit = "bytes/s",
          .ours = ours,
          .baseline = baseline,
          .theirs = theirs,
          .more_is_better = true};
  row.goals.push_back({"0.8 of it", row.ratio() >= 0.8});
  return row;
}

}  // namespace

std::vector<Row> objects_of_a_folder(const Settings& settings) {
  const std::size_t objects = settings.quick ? 4 : 32;
  const Bytes bytes = random_object();
  // Each run in a new folder: what is there is not put again.
  const auto put = [&] {
    const Folder folder;
    const auto store = must(directory_store(folder.path()));
    return bytes_a_second(objects, measure::nanoseconds_for([&] {
                            for (std::size_t n = 0; n < objects; ++n)
                              must(store->put(key(n), bytes));
                            must(store->swap("root", 0, std::span(bytes).first(100)));
                          }));
  };
  const auto put_flat = [&] {
    const Folder folder;
    const FlatFile file(folder.path() + "/flat");
    return bytes_a_second(objects, measure::nanoseconds_for([&] {
                            for (std::size_t n = 0; n < objects; ++n) file.put(n, bytes);
                            file.sync();
                          }));
  };
  const auto [ours, theirs] = in_turn(settings.quick ? 2 : 5, put, put_flat);

  const Folder folder;
  const auto store = must(directory_store(folder.path()));
  const FlatFile file(folder.path() + "/flat");
  for (std::size_t n = 0; n < objects; ++n) {
    must(store->put(key(n), bytes));
    file.put(n, bytes);
  }
  const auto [read, read_flat] = in_turn(
      settings.runs(),
      [&] {
        return bytes_a_second(objects, measure::nanoseconds_for([&] {
                                for (std::size_t n = 0; n < objects; ++n) {
                                  measure::keep(must(store->get(key(n), 0, kObject)));
                                }
                              }));
      },
      [&] {
        return bytes_a_second(objects, measure::nanoseconds_for([&] {
                                for (std::size_t n = 0; n < objects; ++n) {
                                  Bytes into(kObject);
                                  file.get(n, into);
                                  measure::keep(into);
                                }
                              }));
      });
  return {row_of("put", "the same bytes into one file, and fdatasync(2)", ours, theirs),
          row_of("get", "pread(2) of the same from one file", read, read_flat)};
}

}  // namespace cleave::bench
