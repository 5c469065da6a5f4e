// A protocol to explore: a fork that shares pages against threads that pin them without a lock.
// Linux has it since 5.11 (commit 57efa1fe5957, "mm/gup: prevent gup_fast from racing with COW
// during fork").
//
// The forker makes a sequence count odd, shares the pages that no pinner has pinned, and makes the
// count even. A pinner looks at the count and at the page's entry, pins, and looks at both again:
// if either changed, it takes the pin back. A pin that stays on a page that is shared afterwards is
// the bug: the owner's next write copies the page away from under the pin.
#pragma once

#include <deque>
#include <string>

#include "lab/explore/execution/program.h"

namespace lab::explore {

struct ForkAgainstPin : Program {
  struct Shape {
    int pinners = 1;
    int pages = 1;          ///< pinner i pins page i mod pages
    bool sequence = true;   ///< without: what there was before 5.11
    bool commuting = true;  ///< whether counts go up and down by add(), or by read and write
  };

  explicit ForkAgainstPin(Shape s) : shape(s) {
    for (int i = 0; i < shape.pages; ++i) pages.emplace_back();
    kept.resize(static_cast<std::size_t>(shape.pinners), false);
  }

  void start(Threads& threads) override {
    threads.add("fork", [this] { fork(); });
    for (int i = 0; i < shape.pinners; ++i) {
      threads.add("pin", [this, i] { kept[static_cast<std::size_t>(i)] = pin(page_of(i)); });
    }
    if (shape.pages == 1) threads.equal(1, shape.pinners);
  }

  void end(Outcome& outcome) override {
    std::uint64_t pinned = 0;
    bool lost = false;
    for (int i = 0; i < shape.pinners; ++i) {
      if (!kept[static_cast<std::size_t>(i)]) continue;
      pinned |= std::uint64_t{1} << i;
      lost = lost || page_of(i).shared;
    }
    std::uint64_t shared = 0;
    for (std::size_t p = 0; p < pages.size(); ++p) {
      if (pages[p].shared) shared |= std::uint64_t{1} << p;
    }
    outcome.note("pinned", pinned);
    outcome.note("shared", shared);
    outcome.note("lost", lost ? 1 : 0);
  }

 private:
  static constexpr int kPin = 1024;
  struct Page {
    Shared<int> count{"count", 1};
    Shared<bool> writable{"writable", true};
    bool shared = false;  // written by the forker, read at the end
  };

  Page& page_of(int pinner) { return pages[static_cast<std::size_t>(pinner % shape.pages)]; }

  void count(const char* label, Page& page, int by) {
    step(label, [&] {
      if (shape.commuting) {
        page.count.add(by);
      } else {
        page.count.write(page.count.read() + by);
      }
    });
  }

  void fork() {
    if (shape.sequence) put("make the count odd", sequence, 1);
    fence("fork.fence");
    for (Page& page : pages) {
      if (look("is it pinned?", [&] { return page.count.read() >= kPin; })) continue;
      count("one more owner", page, 1);
      put("write-protect", page.writable, false);
      page.shared = true;
    }
    if (shape.sequence) put("make the count even", sequence, 2);
  }

  bool pin(Page& page) {
    const int before =
        shape.sequence ? look("read the sequence", [&] { return sequence.read(); }) : 0;
    if (before % 2 != 0) return false;
    if (!look("read the entry", [&] { return page.writable.read(); })) return false;
    count("pin", page, kPin);
    fence("pin.fence");
    if (look("read the entry again", [&] { return page.writable.read(); })) {
      if (!shape.sequence) return true;
      if (look("read the sequence again", [&] { return sequence.read(); }) == before) return true;
    }
    count("take the pin back", page, -kPin);
    return false;
  }

  const Shape shape;
  Shared<int> sequence{"sequence", 0};
  std::deque<Page> pages;
  std::vector<bool> kept;
};

}  // namespace lab::explore
