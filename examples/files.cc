// A file in a space: read through io_uring, changed on two branches, written back from one.
// Where io_uring is refused, as in many containers, it says so and ends well.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <cleave/cleave.h>

using namespace cleave;
using namespace cleave::literals;

int main() {
  Pool pool = must(Pool::create(256_MiB));
  auto maybe = Ring::create(pool);
  if (!maybe) {
    std::printf("no ring: %s\n", maybe.error().message().c_str());
    return maybe.error().code == Errc::unsupported ? 0 : 1;
  }
  Ring ring = std::move(*maybe);
  std::array<char, 24> path{"/tmp/cleave-fileXXXXXX"};
  const File file(mkstemp(path.data()));
  unlink(path.data());  // it lasts as long as it is open
  if (write(file.descriptor(), "one branch\n", 11) != 11) return 1;

  Space space = must(Space::create(pool));
  const Address text = must(space.map(1_MiB));
  const ByteCount size = must(read_file(ring, space, text, file.descriptor(), 0, 1_MiB));

  Space other = must(space.fork());  // both have what was read
  must(other.write(text, std::as_bytes(std::span("two", 3))));

  // In the background; the hold that it takes keeps it from seeing what is written meanwhile.
  const TransferId id = must(ring.start_write(other, text, file.descriptor(), 0, size));
  must(other.write(text, std::as_bytes(std::span("six", 3))));
  must(ring.wait_for(id));

  std::array<char, 12> now{};
  if (pread(file.descriptor(), now.data(), 11, 0) != 11) return 1;
  std::printf("%llu bytes read; the file is now: %s", static_cast<unsigned long long>(size.value),
              now.data());
  return std::strcmp(now.data(), "two branch\n") == 0 ? 0 : 1;
}
