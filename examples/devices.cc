// A device and a space. A pin is the same memory for both, forks or not; a hold is what the memory
// was, whoever writes on. Here the kernel is the device: it reads and writes a pipe.
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include <cleave/cleave.h>

using namespace cleave;
using namespace cleave::literals;

namespace {

constexpr ByteCount kBlock = 16_KiB;

std::string text_at(const Space& space, Address at) {
  std::array<char, 6> text{};
  must(space.read(at, std::as_writable_bytes(std::span(text).first(5))));
  return text.data();
}

void write_text(Space& space, Address at, const char* text) {
  must(space.write(at, std::as_bytes(std::span(text, std::strlen(text)))));
}

}  // namespace

int main() {
  Pool pool = must(Pool::create(256_MiB));
  Space space = must(Space::create(pool));
  const Address buffer = must(space.map(kBlock));
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return 1;

  // Input. The fork gets a copy of what is pinned; the owner and the device go on with one frame.
  const Pin pin = must(space.pin(buffer, kBlock, PinAccess::write));
  Space fork = must(space.fork());
  if (write(ends[1], "input", 5) != 5) return 1;
  const auto into = pin.pieces();
  if (readv(ends[0], into.data(), static_cast<int>(into.size())) != 5) return 1;
  const std::string here = text_at(space, buffer);
  std::printf("read into the space: \"%s\"; into its fork: \"%s\"\n", here.c_str(),
              text_at(fork, buffer).c_str());

  // Output. The program writes on while the device still reads what was held.
  write_text(fork, buffer, "first");
  const Hold hold = must(fork.hold(buffer, 5));
  write_text(fork, buffer, "later");
  const HoldView view = must(hold.view());
  const auto from = view.pieces();
  if (writev(ends[1], from.data(), static_cast<int>(from.size())) != 5) return 1;
  std::array<char, 6> sent{};
  if (read(ends[0], sent.data(), 5) != 5) return 1;
  std::printf("written from the hold: \"%s\"; in the space by now: \"%s\"\n", sent.data(),
              text_at(fork, buffer).c_str());
  return here == "input" && std::strcmp(sent.data(), "first") == 0 ? 0 : 1;
}
