// Programs of calls to the engine, drawn at random: the same for the same seed, everywhere.
#pragma once

#include <cstdint>

#include "lab/engine/calls.h"

namespace lab::engine {

/// Two or three threads of one or two calls each, after at most two set-ups; it makes sense.
inline Calls random_calls(std::uint64_t seed) {
  // splitmix64
  const auto draw = [&seed](std::uint64_t below) {
    std::uint64_t z = seed += 0x9e37'79b9'7f4a'7c15U;
    z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9U;
    z = (z ^ z >> 27) * 0x94d0'49bb'1331'11ebU;
    return (z ^ z >> 31) % below;
  };
  for (;;) {
    Calls calls;
    for (const Before before : {Before::fork, Before::pin, Before::snapshot, Before::warm})
      if (calls.before.size() < 2 && draw(3) == 0) calls.before.push_back(before);
    calls.threads.resize(2 + draw(3) / 2);
    for (auto& thread : calls.threads) {
      thread.resize(1 + draw(2));
      for (Call& call : thread) call = kCalls.at(draw(kCalls.size()));
    }
    if (calls.make_sense()) return calls;
  }
}

}  // namespace lab::engine
