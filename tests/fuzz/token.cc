// Whatever a replay token says, the explorer answers: with the run, whose token makes it again, or
// with a refusal.
#include <string>
#include <string_view>

#include "fuzz.h"
#include "lab/explore/trace/trace.h"
#include "tests/explore/programs.h"

namespace explore = lab::explore;

namespace {

explore::Factory message_passing() {
  return explore::sketch({[](explore::Sketch& s) {
                            explore::put("x = 1", s.x, 1);
                            explore::put("y = 1", s.y, 1);
                          },
                          [](explore::Sketch& s) {
                            const int flag = s.load(s.y);
                            s.note("r", flag + s.load(s.x));
                          }});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const explore::Factory factory = message_passing();
  const std::string_view token(reinterpret_cast<const char*>(data), size);
  const auto run = explore::replay(factory, token);
  if (!run) {
    fuzz::expect(!run.error().what.empty(), "a token that is refused is told why");
    return 0;
  }
  const auto again = explore::replay(factory, run->token());
  fuzz::expect(again.has_value() && again->hash == run->hash, "a run's token makes it again");
  return 0;
}
