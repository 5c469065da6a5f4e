#include <cleave/quiesce.h>

#include "sync/process.h"

namespace cleave {
using namespace detail;

Quiesce::Quiesce() noexcept : process_(sync::Process::current().number()) {}

bool Quiesce::is_here() const noexcept { return sync::Process::numbered(process_).is_here(); }

void Quiesce::enter() noexcept {
  for (;;) {
    working_.add(1, sync::seq_cst);
    if (!sync::performs("quiesce.stopping")) return;
    if (stopping_.load(sync::seq_cst) == 0 || !is_here()) return;
    leave();
    stopping_.sleep_while(1);
  }
}

// release: what was written to the arena is seen by who finds no worker.
void Quiesce::leave() noexcept {
  if (working_.fetch_sub(1, sync::acq_rel) == 1) working_.notify_all();
}

void Quiesce::Worker::rest() noexcept {
  go();
  come_back();
}

Quiesce::Stopped Quiesce::stop() { return Stopped(*this, nullptr); }
Quiesce::Stopped Quiesce::stop(Worker& self) { return Stopped(*this, &self); }

Quiesce::Stopped::Stopped(Quiesce& quiesce, Worker* caller) : quiesce_(quiesce), caller_(caller) {
  // Before waiting for our turn: whoever has it waits for us.
  if (caller_ != nullptr) caller_->go();
  while (quiesce_.turn_.exchange(1, sync::acquire) != 0 && quiesce_.is_here()) {
    quiesce_.turn_.sleep_while(1);
  }
  quiesce_.stopping_.store(1, sync::seq_cst);
  for (;;) {
    if (!sync::performs("quiesce.working")) return;
    const std::uint32_t working = quiesce_.working_.load(sync::seq_cst);
    if (working == 0 || !quiesce_.is_here()) return;
    quiesce_.working_.sleep_while(working);
  }
}

Quiesce::Stopped::~Stopped() {
  // release: a worker that goes on sees what was checked out.
  quiesce_.stopping_.store(0, sync::release);
  quiesce_.stopping_.notify_all();
  quiesce_.turn_.store(0, sync::release);
  quiesce_.turn_.notify_all();
  if (caller_ != nullptr) caller_->come_back();
}

}  // namespace cleave
