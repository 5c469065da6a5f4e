// What is measured of a core.
#pragma once

#include <cstddef>

#include "examples/libretro/machine.h"

namespace cleave::example {

/// Times are microseconds, medians.
struct Figures {
  int frames;    // played, each twice
  int wrong;     // shown or heard otherwise the second time
  int pictures;  // that were not the same as the one before: a still says nothing
  int sounds;
  double frame;   // without commits
  double pages;   // that a commit has
  double commit;  // and what it costs the frame after it, which finds its pages protected
  double aftermath;
  double undo;  // back by one frame
  double back;  // back by eight
  std::size_t state_size;
  double save, load;  // by the core's own way
  int lag;            // frames from a button to the picture that shows it
  int lag_ahead;      // with two frames run ahead
  double ahead;       // a frame that is shown so
  double ahead_by_state;
};

constexpr int kBack = 8;
constexpr int kAhead = 2;

/// Commits each frame, goes back eight, plays them again without commits, and compares.
void measure_replay(Machine& machine, int frames, Figures& figures);
/// The core's own save state.
void measure_state(Machine& machine, Figures& figures);
/// Shows pictures before their time: plays on by as many frames as the machine takes to answer a
/// button, shows that one, and goes back.
void measure_run_ahead(Machine& machine, Figures& figures);

}  // namespace cleave::example
