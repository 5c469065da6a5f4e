#include "lab/engine/stage/scene.h"

#include "lab/engine/seam/aside.h"
#include "lab/words/counted.h"

namespace lab::engine {

void Scene::start(explore::Threads& threads) {
  (void)sync::install(&stage_.adapter);
  if (auto what = aside([&] { set_up(stage_); })) explore::broken("in the set-up: " + *what);
  for (Part& part : parts(stage_)) threads.add(part.name, std::move(part.calls));
}

// The run's own end, what must be true of all that is there, and what is left when it is gone.
void Scene::end(explore::Outcome& outcome) {
  (void)sync::install(&stage_.adapter);
  std::string wrong = stage_.adapter.late_finding();
  const auto broke = aside([&] {
    if (wrong.empty()) wrong = look(stage_, outcome);
    if (const char* what = wrong.empty() ? stage_.wrong() : nullptr) wrong = what;
    if (wrong.empty()) stage_.close();
  });
  (void)sync::install(nullptr);
  if (broke) wrong = *broke;
  if (wrong.empty() && stage_.left_behind() != 0)
    wrong = lab::words::counted(stage_.left_behind(), "block") + " of memory left behind";
  if (!wrong.empty()) explore::broken(std::move(wrong));
}

}  // namespace lab::engine
