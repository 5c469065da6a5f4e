// A process whose system calls are interrupted all the time.
#pragma once

#include <sys/time.h>

#include <csignal>
#include <functional>
#include <string>

#include "tests/refused/scene.h"

namespace cleave::detail {

inline volatile std::sig_atomic_t interruptions = 0;

/// While it lasts, SIGALRM comes ten thousand times a second, whose handler does not have system
/// calls go on.
class Interrupting {
 public:
  Interrupting() {
    struct sigaction action {};
    action.sa_handler = [](int) { interruptions = interruptions + 1; };  // without SA_RESTART
    (void)sigaction(SIGALRM, &action, nullptr);
    every(100);
  }
  ~Interrupting() { every(0); }
  Interrupting(const Interrupting&) = delete;
  Interrupting& operator=(const Interrupting&) = delete;

 private:
  static void every(long microseconds) {
    const itimerval timer{{0, microseconds}, {0, microseconds}};
    (void)setitimer(ITIMER_REAL, &timer, nullptr);
  }
};

/// Plays again and again, until there were some; what was wrong. For a child.
inline std::string of_an_interrupted_process(const std::function<void(Scene&)>& play) {
  try {
    const Interrupting here;
    Scene scene({});
    for (int round = 0; round < 3 || interruptions < 100; ++round) play(scene);
  } catch (const Broken& broken) {
    return broken.how;
  }
  return "";
}

}  // namespace cleave::detail
