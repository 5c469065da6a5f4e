// A program of somebody who has installed cleave and knows nothing else about it.
#include <cstdio>

#include "cleave/base/error.h"

int main() {
  const cleave::Result<int> refused = cleave::fail(cleave::Errc::no_memory, "as it should be");
  if (refused) return 1;
  std::puts(refused.error().message().c_str());
  return 0;
}
