// fork(2), measured in a process of its own.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "measure/clock.h"
#include "measure/percentile.h"
#include "tools/demo/space/cost.h"

namespace cleave::demo::space {
namespace {

constexpr std::size_t kChildren = 25;

// The number of kB that a file of /proc gives for `field`. No stream and no heap: what is counted
// here are the pages that this process writes.
double proc_bytes(const char* path, const char* field) {
  std::array<char, 4096> text{};
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t size = read(file, text.data(), text.size() - 1);
  close(file);
  const char* at = size > 0 ? std::strstr(text.data(), field) : nullptr;
  return at == nullptr ? 0 : 1024.0 * std::strtod(at + std::strlen(field), nullptr);
}

struct Pipe {
  Pipe() { ok = pipe(ends.data()) == 0; }
  ~Pipe() {
    if (!ok) return;
    close(ends[0]);
    close(ends[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  std::array<int, 2> ends{};
  bool ok;
};

// Runs `work` in a child, for the Cost that it gives; all zeroes if that cannot be done. A child
// that says nothing about the time to make it took what fork(2) took.
template <class Work>
Cost in_child(Work work) {
  Cost cost;
  const Pipe channel;
  if (!channel.ok) return cost;
  const measure::Stopwatch forking;
  const pid_t child = ::fork();
  if (child == 0) {
    const Cost found = work();
    _exit(::write(channel.ends[1], &found, sizeof(found)) == sizeof(found) ? 0 : 1);
  }
  const double took = forking.ns();
  if (child < 0) return cost;
  int status = 1;
  (void)waitpid(child, &status, 0);
  if (status != 0 || ::read(channel.ends[0], &cost, sizeof(cost)) != sizeof(cost)) return {};
  if (cost.make_ns == 0) cost.make_ns = took;
  return cost;
}

// What a grandchild finds, whose parent has the file at `content`.
Cost write_to_pages(volatile std::byte* content, std::size_t size) {
  const Pages pages(size);
  const measure::Stopwatch writing;
  for (std::size_t page = 0; page < pages.count; ++page)
    content[page * pages.stride] = std::byte{1};
  Cost cost;
  cost.write_ns = writing.ns() / static_cast<double>(pages.count);
  cost.bytes = proc_bytes("/proc/self/smaps_rollup", "Private_Dirty:") +
               proc_bytes("/proc/self/status", "VmPTE:");
  return cost;
}

Cost measure(const SourceFile& source) {
  const int file = open(source.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const auto size = static_cast<std::size_t>(source.size);
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return {};
  auto* content = static_cast<std::byte*>(memory);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = pread(file, content + done, size - done, static_cast<off_t>(done));
    if (got <= 0) return {};
    done += static_cast<std::size_t>(got);
  }
  std::array<double, kChildren> make, write, bytes;
  for (std::size_t i = 0; i < kChildren; ++i) {
    const Cost cost = in_child([&] { return write_to_pages(content, size); });
    make[i] = cost.make_ns;
    write[i] = cost.write_ns;
    bytes[i] = cost.bytes;
  }
  return {measure::median(make), measure::median(write), measure::median(bytes)};
}

}  // namespace

Cost cost_of_process(const SourceFile& file) {
  return in_child([&] { return measure(file); });
}

}  // namespace cleave::demo::space
