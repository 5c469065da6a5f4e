// What threads meet at lies outside of the arena, what they work on lies inside.
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <new>
#include <thread>

#include <cleave/cleave.h>

using namespace cleave;
using namespace cleave::literals;

namespace {

struct Meeting {
  std::mutex lock;
  std::condition_variable changed;
  bool wanted = false;  // a move
  bool over = false;
};

struct Board {
  int moves = 0;
};

void play(Meeting& meeting, Board& board) {
  std::unique_lock held(meeting.lock);
  for (;;) {
    meeting.changed.wait(held, [&] { return meeting.wanted || meeting.over; });
    if (meeting.over) return;
    ++board.moves;
    meeting.wanted = false;
    meeting.changed.notify_all();
  }
}

void ask_for_a_move(Meeting& meeting) {
  std::unique_lock held(meeting.lock);
  meeting.wanted = true;
  meeting.changed.notify_all();
  meeting.changed.wait(held, [&] { return !meeting.wanted; });
}

}  // namespace

int main() {
  Pool pool = must(Pool::create(64_MiB));
  Arena arena = must(Arena::create(pool, 1_MiB, {.catch_waiters = true}));
  auto* board = new (arena.data()) Board;
  Meeting meeting;
  std::thread worker(play, std::ref(meeting), std::ref(*board));

  ask_for_a_move(meeting);
  std::unique_lock quiet(meeting.lock);  // the worker sleeps, or waits for the lock
  const Commit one = must(arena.commit("one move"));
  quiet.unlock();
  for (int i = 0; i < 9; ++i) ask_for_a_move(meeting);

  quiet.lock();
  std::printf("%d moves\n", board->moves);
  must(arena.checkout(one));
  std::printf("%d move\n", board->moves);
  meeting.over = true;
  meeting.changed.notify_all();
  quiet.unlock();
  worker.join();
}
