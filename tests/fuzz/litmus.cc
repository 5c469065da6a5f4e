// Whatever bytes a file holds, the parser answers; a test that it reads prints and is read again as
// the same.
#include <string>
#include <string_view>

#include "fuzz.h"
#include "lab/litmus/parse/parse.h"
#include "lab/litmus/print.h"

namespace litmus = lab::litmus;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto test = litmus::parse(text);
  if (!test) {
    fuzz::expect(!test.error().empty(), "a text that is no test is told why");
    return 0;
  }
  const std::string canonical = litmus::print(*test);
  const auto again = litmus::parse(canonical);
  fuzz::expect(again.has_value() && *again == *test, "a test that is printed is read as the same");
  fuzz::expect(litmus::print(*again) == canonical, "a test prints in one way");
  return 0;
}
