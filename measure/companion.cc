#include "measure/companion.h"

#include <sys/socket.h>

#include <array>

namespace cleave::measure {
namespace {

// One figure is a message; an empty channel means that the other side is gone.
bool send_figure(int channel, double figure) {
  return write(channel, &figure, sizeof figure) == sizeof figure;
}
bool receive_figure(int channel, double& figure) {
  return read(channel, &figure, sizeof figure) == sizeof figure;
}

}  // namespace

Companion::Companion(const std::function<Measure()>& prepare) {
  std::array<int, 2> ends;
  must_hold(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0,
            "socketpair(2) failed");
  process_ = start_process([&] {
    (void)close(ends[0]);
    const Measure measure = prepare();
    double figure = 0;
    while (send_figure(ends[1], figure) && receive_figure(ends[1], figure)) figure = measure();
  });
  (void)close(ends[1]);
  channel_ = ends[0];
  double ready;
  must_hold(receive_figure(channel_, ready), "the baseline's process ended; its message is above");
}

Companion::~Companion() {
  (void)close(channel_);
  wait_for_process(process_);
}

double Companion::measure() {
  double figure = 0;
  must_hold(send_figure(channel_, figure) && receive_figure(channel_, figure),
            "the baseline's process ended; its message is above");
  return figure;
}

}  // namespace cleave::measure
