#include "lab/explore/memory/release_acquire.h"

namespace lab::explore {

void ReleaseAcquire::clear() {
  locations_.clear();
  events_.clear();
  strong_.clear();
  plain_.clear();
  fences_of_all_ = 0;
}

void ReleaseAcquire::begin(int thread, int starter) {
  of(thread) = {};
  if (starter == kNoThread) return;
  fence(starter, Order::relaxed, "start");  // tells what it did before from what it does next
  of(thread).view = of(starter).view;
}

void ReleaseAcquire::add(std::uint64_t bits, int maker) {
  const auto number = static_cast<std::uint32_t>(locations_.size());
  Location& location = locations_.emplace_back();
  location.messages.push_back({bits, Message::kNobody, false, {}});
  if (maker == kNoThread) return;
  MemoryEvent made = event({maker, number, Order::plain, "made"}, true, nullptr);
  location.messages.front().writer = static_cast<EventNumber>(events_.size());
  commit(std::move(made), rank_after(0), nullptr).message = 0;
}

// Messages before this one are hidden from the thread: it knows of a later one, or of a read of it.
std::uint32_t ReleaseAcquire::oldest_known(int thread, const Location& location) const {
  const View& view = of(thread).view;
  std::uint32_t oldest = 0;
  for (const EventNumber number : location.events) {
    const MemoryEvent& event = events_[number];
    if (event.message > oldest && knows(view, event)) oldest = event.message;
  }
  return oldest;
}

bool ReleaseAcquire::is_followed_at_once(const Location& location, std::uint32_t message) const {
  return message < location.newest() && location.messages[message + 1].update;
}

MemoryEvent ReleaseAcquire::event(const Access& access, bool writes, const Message* read) const {
  const Thread& thread = of(access.thread);
  MemoryEvent event{.thread = access.thread,
                    .place = thread.events,
                    .location = access.location,
                    .order = access.order,
                    .reads = read != nullptr,
                    .writes = writes,
                    .label = access.label,
                    .view = thread.view};
  if (read != nullptr && acquires(access.order)) event.view.join(read->released);
  event.view.learn(event.thread, event.place);
  return event;
}

std::span<const std::uint32_t> ReleaseAcquire::readable(const Access& access) {
  const Location& location = locations_[access.location];
  const std::uint32_t oldest = oldest_known(access.thread, location);
  candidates_.clear();
  for (std::uint32_t m = location.newest() + 1; m-- > oldest;) {
    const MemoryEvent read = event(access, false, &location.messages[m]);
    if (strong_.allows(read, of(access.thread).view, rank_of_read(m))) candidates_.push_back(m);
  }
  return candidates_;
}

std::span<const std::uint32_t> ReleaseAcquire::updatable(const Access& access) {
  const Location& location = locations_[access.location];
  const std::uint32_t oldest = oldest_known(access.thread, location);
  candidates_.clear();
  for (std::uint32_t m = location.newest() + 1; m-- > oldest;) {
    if (is_followed_at_once(location, m)) continue;
    const MemoryEvent update = event(access, true, &location.messages[m]);
    if (strong_.allows(update, of(access.thread).view, rank_after(m))) candidates_.push_back(m);
  }
  return candidates_;
}

std::span<const std::uint32_t> ReleaseAcquire::followable(const Access& access) {
  const Location& location = locations_[access.location];
  const std::uint32_t oldest = oldest_known(access.thread, location);
  const MemoryEvent write = event(access, true, nullptr);
  candidates_.clear();
  for (std::uint32_t m = location.newest() + 1; m-- > oldest;) {
    if (is_followed_at_once(location, m)) continue;
    if (strong_.allows(write, of(access.thread).view, rank_after(m))) candidates_.push_back(m);
  }
  return candidates_;
}

// The event happens, and its thread knows of it.
MemoryEvent& ReleaseAcquire::commit(MemoryEvent event, std::uint32_t rank, const Message* read) {
  Thread& thread = of(event.thread);
  if (event.location != MemoryEvent::kNowhere) {
    strong_.add(event, thread.view, rank);
    locations_[event.location].events.push_back(static_cast<EventNumber>(events_.size()));
  }
  if (read != nullptr) thread.acquired.join(read->released);
  thread.view = event.view;
  ++thread.events;
  thread.fenced = false;
  return events_.emplace_back(std::move(event));
}

std::uint64_t ReleaseAcquire::read(const Access& access, std::uint32_t message) {
  const Message& read = locations_[access.location].messages[message];
  commit(event(access, false, &read), rank_of_read(message), &read).message = message;
  return read.bits;
}

void ReleaseAcquire::insert(Location& location, std::uint32_t place, Message message) {
  for (const EventNumber number : location.events) {
    if (events_[number].message >= place) ++events_[number].message;
  }
  location.messages.insert(location.messages.begin() + place, std::move(message));
}

// What is known to one who acquires what the event wrote.
View ReleaseAcquire::released_by(const MemoryEvent& event, const View* of_last) const {
  View released = releases(event.order) ? event.view : of(event.thread).released;
  if (of_last != nullptr) released.join(*of_last);  // A release sequence goes on.
  return released;
}

void ReleaseAcquire::write(const Access& access, std::uint32_t behind, std::uint64_t bits) {
  const MemoryEvent write = event(access, true, nullptr);
  const auto number = static_cast<EventNumber>(events_.size());
  Message message{bits, number, false, released_by(write, nullptr)};
  MemoryEvent& done = commit(write, rank_after(behind), nullptr);
  insert(locations_[access.location], behind + 1, std::move(message));
  done.message = behind + 1;
}

std::uint64_t ReleaseAcquire::update(const Access& access, std::uint32_t message,
                                     std::uint64_t bits) {
  Location& location = locations_[access.location];
  const Message read = location.messages[message];
  const MemoryEvent update = event(access, true, &read);
  const auto number = static_cast<EventNumber>(events_.size());
  Message follows{bits, number, true, released_by(update, &read.released)};
  MemoryEvent& done = commit(update, rank_after(message), &read);
  insert(location, message + 1, std::move(follows));
  done.message = message + 1;
  return read.bits;
}

std::uint64_t ReleaseAcquire::read_locked(const Access& access) {
  return read(access, locations_[access.location].newest());
}

void ReleaseAcquire::write_locked(const Access& access, std::uint64_t bits) {
  Location& location = locations_[access.location];
  of(access.thread).view.join(location.readers);
  update(access, location.newest(), bits);
}

void ReleaseAcquire::end_locked(int thread, const char* label) {
  if (fenced(thread)) return;
  fence(thread, Order::seq_cst, label);
  const View& known = of(thread).view;
  for (std::size_t e = events_.size() - 1; e-- > 0;) {
    const MemoryEvent& event = events_[e];
    if (event.thread != thread) continue;
    if (event.location == MemoryEvent::kNowhere) {
      if (event.order == Order::seq_cst) return;
      continue;
    }
    Location& location = locations_[event.location];
    location.readers.join(known);
    if (event.writes) location.messages[event.message].released.join(known);
  }
}

void ReleaseAcquire::fence(int thread, Order order, const char* label) {
  Thread& me = of(thread);
  MemoryEvent fence{.thread = thread, .place = me.events, .order = order, .label = label};
  fence.view = me.view;
  if (acquires(order)) fence.view.join(me.acquired);
  if (order == Order::seq_cst) strong_.add_fence({{thread, me.events}}, fence.view);
  fence.view.learn(thread, me.events);
  if (releases(order)) me.released = fence.view;
  commit(std::move(fence), 0, nullptr);
  me.fenced = order == Order::seq_cst;
}

void ReleaseAcquire::fence_of_all(std::span<const int> threads, const char* label) {
  std::vector<std::pair<int, std::uint32_t>> at;
  View before;
  for (const int thread : threads) {
    Thread& me = of(thread);
    at.emplace_back(thread, me.events);
    before.join(me.view);
    before.join(me.acquired);
  }
  strong_.add_fence(std::move(at), before);
  ++fences_of_all_;
  for (const int thread : threads) {
    Thread& me = of(thread);
    MemoryEvent fence{
        .thread = thread, .place = me.events, .order = Order::seq_cst, .label = label};
    fence.fence_of_all = fences_of_all_;
    fence.view = me.view;
    fence.view.join(me.acquired);
    fence.view.learn(thread, me.events);
    me.released = fence.view;
    commit(std::move(fence), 0, nullptr);
    me.fenced = true;
  }
}

void ReleaseAcquire::lock(const Access& access) {
  const Location& location = locations_[access.location];
  update({access.thread, access.location, Order::acquire, access.label}, location.newest(), 1);
}

void ReleaseAcquire::unlock(const Access& access) {
  write({access.thread, access.location, Order::release, access.label},
        locations_[access.location].newest(), 0);
}

const MemoryEvent* ReleaseAcquire::race(const Access& access, bool writes) const {
  const View& view = of(access.thread).view;
  for (const EventNumber number : locations_[access.location].events) {
    const MemoryEvent& other = events_[number];
    if (knows(view, other) || !(writes || other.writes)) continue;
    if (access.order == Order::plain || other.order == Order::plain) return &other;
  }
  return nullptr;
}

const PlainAccess* ReleaseAcquire::plain(int thread, std::uintptr_t at, bool writes,
                                         const char* label) {
  return plain_.access(at, {thread, of(thread).events, writes, label}, of(thread).view);
}

const PlainAccess* ReleaseAcquire::plain_look(int thread, std::uintptr_t at, bool writes,
                                              const char* label) {
  return plain_.look(at, {thread, of(thread).events, writes, label}, of(thread).view);
}

const PlainAccess* ReleaseAcquire::plain_end(int thread, std::uintptr_t at, std::size_t bytes,
                                             const char* label) {
  return plain_.end(at, bytes, {thread, of(thread).events, true, label}, of(thread).view);
}

}  // namespace lab::explore
