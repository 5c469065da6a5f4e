#include "lab/repository/protocol.h"

#include <utility>

#include <fmt/format.h>

namespace lab::repository {
namespace {

using explore::performs;
using explore::step;

}  // namespace

// Names: of the packs of the beginning, then one for each try of each push, and for each try of
// each round of each collector.
Protocol::Protocol(Shape shape) : shape_(std::move(shape)) {
  acknowledged_.resize(shape_.pushes.size(), 0);
  const std::size_t names = shape_.packs.size() + shape_.pushes.size() * shape_.tries +
                            (shape_.rewrites ? shape_.collectors * shape_.rounds : 0);
  for (std::size_t i = 0; i < names; ++i) {
    packs_.emplace_back("pack",
                        static_cast<Pack>(i < shape_.packs.size() ? kThere | shape_.packs[i] : 0));
  }
  Root root;
  root.refs = shape_.refs;
  root_.write(root);
}

void Protocol::start(explore::Threads& threads) {
  for (unsigned i = 0; i < shape_.pushes.size(); ++i) {
    threads.add("push", [this, i] { push(i); });
  }
  for (unsigned i = 0; i < shape_.collectors; ++i) {
    threads.add("collect", [this, i] { collect(i); });
  }
  if (shape_.reader) threads.add("read", [this] { read(); });
}

void Protocol::invariant() {
  const Root root = root_.read();
  Objects held = 0;
  for (const auto& pack : packs_) held |= static_cast<Objects>(pack.read());
  for (const Objects needed : root.refs) {
    if ((needed & ~held) != 0) explore::broken("a ref needs what no pack holds");
  }
  if ((root.leased & ~held) != 0) explore::broken("a lease needs what no pack holds");
}

// A push whose ref is not what some push made it was lost.
void Protocol::end(explore::Outcome& outcome) {
  std::uint64_t acknowledged = 0;
  for (std::size_t i = 0; i < shape_.pushes.size(); ++i) {
    if (acknowledged_[i] == 0) continue;
    acknowledged |= std::uint64_t{1} << i;
    bool stands = false;
    for (const Shape::Push& push : shape_.pushes) {
      stands |= push.ref == shape_.pushes[i].ref && root_.read().refs[push.ref] == push.needs;
    }
    if (!stands) explore::broken("a push that was acknowledged is lost");
  }
  outcome.note("acknowledged", acknowledged);
}

std::string Protocol::describe() {
  const Root root = root_.read();
  return fmt::format("generation {} refs {:x} {:x} leased {:x} condemned {:x}", root.generation,
                     root.refs[0], root.refs[1], root.leased, root.condemned);
}

Root Protocol::look_at_root() const {
  return step("look at the root", [&] { return root_.read(); });
}

std::vector<Protocol::Pack> Protocol::list() const {
  std::vector<Pack> found;
  for (const auto& pack : packs_) found.push_back(step("list", [&] { return pack.read(); }));
  return found;
}

Protocol::Seen Protocol::look() const {
  if (performs("push.lists-after-the-root")) {
    const Root root = look_at_root();
    return {root, list()};
  }
  std::vector<Pack> packs = list();
  return {look_at_root(), std::move(packs)};
}

bool Protocol::swap(const Root& expected, Root desired, const char* compares) {
  return step("swap the root", [&] {
    const Root now = root_.read();
    if (performs(compares) && now.generation != expected.generation) return false;
    desired.generation = static_cast<std::uint16_t>(now.generation + 1);
    root_.write(desired);
    return true;
  });
}

void Protocol::put(unsigned name, Objects objects) {
  step("put a pack", [&] {
    if (packs_[name].read() == 0) packs_[name].write(static_cast<Pack>(kThere | objects));
  });
}

void Protocol::read() {
  for (unsigned i = 0; i < shape_.tries; ++i) {
    Root root = look_at_root();
    root.leased = root.refs[0];
    if (!swap(root, root, "read.leases-by-the-root")) continue;
    if (explore::choose("dies", 2) == 1) return;  // The lease stays.
    Root ended = look_at_root();
    ended.leased = 0;
    (void)swap(ended, ended, "read.leases-by-the-root");
    return;
  }
}

}  // namespace lab::repository
