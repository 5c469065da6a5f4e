// Stores that other machines reach, beside the store's own tool: objects as large as packs, one at
// a time. CLEAVE_BENCH_S3=s3://BUCKET and CLEAVE_BENCH_RADOS=rados://POOL say where; what is put
// there stays under the prefix or namespace `bench-...`.
#include <cstdlib>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#ifdef CLEAVE_HAS_RADOS
#include <cleave/image/rados.h>
#endif
#ifdef CLEAVE_HAS_S3
#include <cleave/image/s3.h>
#endif

#include "bench/harness/peer.h"
#include "bench/image/benchmarks.h"
#include "bench/image/objects.h"
#include "bench/image/prepared.h"
#include "measure/clock.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

constexpr int kObjects = 8;

double rate(double nanoseconds) { return kObjects * kObject / (nanoseconds / 1e9); }

std::string key(int run, int n) { return fmt::format("packs/{:032x}{:032x}", run, n); }

// Objects in a store: each run has its own.
class Objects {
 public:
  explicit Objects(std::unique_ptr<ImageStore> store) : store_(std::move(store)) {}
  Objects(Objects&&) = delete;

  double put() {
    ++run_;
    return rate(measure::nanoseconds_for([&] {
      for (int n = 0; n < kObjects; ++n) must(store_->put(key(run_, n), bytes_));
    }));
  }
  double get() {
    return rate(measure::nanoseconds_for([&] {
      for (int n = 0; n < kObjects; ++n) measure::keep(must(store_->get(key(run_, n), 0, kObject)));
    }));
  }
  ~Objects() {
    for (; run_ > 0; --run_) {
      for (int n = 0; n < kObjects; ++n) (void)store_->remove(key(run_, n));
    }
  }

 private:
  std::unique_ptr<ImageStore> store_;
  const Bytes bytes_ = random_object();
  int run_ = 0;
};

using Measure = std::function<double()>;

std::vector<Row> rows_of(const Settings& settings, const std::string& name, Objects& ours,
                         const std::string& tool, const Measure& put, const Measure& get) {
  std::vector<Row> rows;
  const auto row = [&](const char* what, const auto& figures) {
    Row made{.name = name + "/" + what,
             .unit = "bytes/s",
             .ours = figures[0],
             .baseline = tool,
             .theirs = figures[1],
             .more_is_better = true};
    made.goals.push_back({"0.8 of it", made.ratio() >= 0.8});
    rows.push_back(std::move(made));
  };
  row("put", in_turn(
                 settings.quick ? 2 : 5, [&] { return ours.put(); }, put));
  row("get", in_turn(
                 settings.quick ? 2 : 5, [&] { return ours.get(); }, get));
  return rows;
}

#ifdef CLEAVE_HAS_RADOS
// What `rados bench` says of a second, one operation at a time. It leaves what it has written, for
// the reading: gigabytes, which go before the next.
std::vector<Row> by_rados(const Settings& settings, const std::string& pool) {
  Objects ours(must(rados_store("rados://" + pool + "/bench-cleave")));
  const Scratch scratch;
  const auto rados = [&](const std::vector<std::string>& how) {
    std::vector<std::string> command{"rados", "-p", pool, "-N", "bench-rados"};
    command.insert(command.end(), how.begin(), how.end());
    return run(command, scratch.path());
  };
  const auto bench = [&](std::vector<std::string> how) {
    how.insert(how.begin(), {"bench", "1"});
    const Finished done = rados(how);
    const auto megabytes = number_behind(done.output, "Bandwidth (MB/sec):");
    measure::must_hold(done.status == 0 && megabytes.has_value(), "rados bench fails");
    return *megabytes * (1 << 20);
  };
  const auto write = [&] {
    (void)rados({"cleanup"});
    return bench({"write", "-b", std::to_string(kObject), "-t", "1", "--no-cleanup"});
  };
  const auto read = [&] { return bench({"seq", "-t", "1"}); };
  auto rows = rows_of(settings, "image/store/rados", ours, "rados bench -t 1", write, read);
  (void)rados({"cleanup"});
  return rows;
}
#endif

#ifdef CLEAVE_HAS_S3
std::string in_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// curl, which signs as we do, once for all objects: it keeps its connection, too.
std::vector<Row> by_curl(const Settings& settings, const std::string& bucket) {
  Objects ours(must(s3_store("s3://" + bucket + "/bench-cleave")));
  const Scratch scratch;
  const std::string file = (scratch.path() / "object").string();
  const Bytes bytes = random_object();
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(kObject));
  const std::string keys =
      in_environment("AWS_ACCESS_KEY_ID") + ":" + in_environment("AWS_SECRET_ACCESS_KEY");
  // `how` is for each object, `hash` what is said of the body.
  const auto curl = [&](const std::vector<std::string>& how, const std::string& hash) {
    std::vector<std::string> command{"curl",        "-sf",
                                     "--user",      keys,
                                     "--aws-sigv4", "aws:amz:us-east-1:s3",
                                     "-H",          "x-amz-content-sha256: " + hash};
    for (int n = 0; n < kObjects; ++n) {
      command.insert(command.end(), how.begin(), how.end());
      command.push_back(
          fmt::format("{}/{}/bench-curl/{}", in_environment("AWS_ENDPOINT_URL"), bucket, n));
    }
    return rate(measure::nanoseconds_for(
        [&] { measure::must_hold(run(command, scratch.path()).status == 0, "curl fails"); }));
  };
  const auto put = [&] { return curl({"-o", "/dev/null", "-T", file}, "UNSIGNED-PAYLOAD"); };
  const std::string of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const auto get = [&] { return curl({"-o", "/dev/null"}, of_nothing); };
  return rows_of(settings, "image/store/s3", ours, "curl, started once", put, get);
}
#endif

// What is behind `scheme` in a variable; empty: it is not set so.
[[maybe_unused]] std::string place_in(const char* variable, const std::string& scheme) {
  const char* const value = std::getenv(variable);
  if (value == nullptr || !std::string(value).starts_with(scheme)) return "";
  return std::string(value).substr(scheme.size());
}

}  // namespace

std::vector<Row> objects_of_stores([[maybe_unused]] const Settings& settings) {
  std::vector<Row> rows;
#ifdef CLEAVE_HAS_RADOS
  const std::string pool = place_in("CLEAVE_BENCH_RADOS", "rados://");
  if (!pool.empty() && installed("rados"))
    std::ranges::move(by_rados(settings, pool), std::back_inserter(rows));
#endif
#ifdef CLEAVE_HAS_S3
  const std::string bucket = place_in("CLEAVE_BENCH_S3", "s3://");
  if (!bucket.empty() && installed("curl"))
    std::ranges::move(by_curl(settings, bucket), std::back_inserter(rows));
#endif
  return rows;
}

}  // namespace cleave::bench
