#include "tests/host/crowd.h"

namespace cleave::detail {

Crowd::Crowd(Handles& handles, unsigned others) {
  threads_.emplace_back([&] { work(handles, true, 0); });
  for (unsigned i = 0; i < others; ++i) {
    threads_.emplace_back([&, i] { work(handles, false, i * 3); });
  }
}

Crowd::~Crowd() {
  done_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void Crowd::work(Handles& handles, bool in_the_arena, std::size_t from) {
  const auto all = operations();
  for (std::size_t i = from; !done_; ++i) {
    const Operation& next = all[i % all.size()];
    if (next.in_the_arena == in_the_arena) next.run(handles);
  }
}

}  // namespace cleave::detail
