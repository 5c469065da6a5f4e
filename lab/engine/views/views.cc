#include "lab/engine/views/views.h"

#include <algorithm>

#include "base/handle_access.h"
#include "lab/engine/litmus_scene.h"
#include "lab/engine/stage/page_of.h"
#include "pins/hold_state.h"
#include "space/space_state.h"

namespace lab::engine {
namespace {

using cleave::FrameId;
using cleave::PinAccess;
using cleave::detail::Frames;
using cleave::detail::HandleAccess;
using model::View;

// Looks past every lock and every step: threads stand in the middle of what they do.
class Look {
 public:
  Look(Stage& stage, const judge::Plan& plan)
      : stage_(stage), plan_(plan), frames_(HandleAccess::state(*stage.pool)) {}

  View all() {
    for (model::ProcessId process = 0; process < plan_.processes.size(); ++process) map(process);
    for (model::ReferenceId id = 0; id < plan_.references.size(); ++id) refer(id);
    return std::move(view_);
  }

 private:
  void map(model::ProcessId process) {
    if (!stage_.spaces[process]) return;
    const auto& table = HandleAccess::state(*stage_.spaces[process]).table;
    for (model::PageNo page = 0; page < plan_.setup.pages.size(); ++page) {
      const cleave::PageNo at = LitmusScene::page_no(page);
      const FrameId frame = table.find(at);
      if (frame == cleave::kZeroFrame) continue;
      const bool owned = table.find_owned(at, frames_) == frame;
      ++folio(frame, owned).maps;
      view_.mappings.push_back({.process = process,
                                .page = page,
                                .pages = 1,
                                .kind = View::Kind::page,
                                .target = raw(frame),
                                .index = 0,
                                .writable = owned,
                                .dirty = false,
                                .wp = false,
                                .exclusive = false,
                                .protection = std::nullopt});
    }
  }

  void refer(model::ReferenceId id) {
    FrameId frame = cleave::kZeroFrame;
    const bool pin = static_cast<bool>(stage_.pins[id]);
    if (pin)
      frame = frame_behind(*stage_.pool, *stage_.pins[id]);
    else if (stage_.holds[id])
      frame = HandleAccess::state(*stage_.holds[id])
                  .table.find(cleave::page_of(stage_.holds[id]->address()));
    if (!pin && !stage_.holds[id]) return;
    const bool zero = frame == cleave::kZeroFrame;
    if (!zero) (void)folio(frame, false);
    view_.references.push_back({.id = id,
                                .zero = zero,
                                .pin = pin,
                                .write = false,
                                .folio = raw(frame),
                                .index = 0,
                                .process = 0,
                                .page = 0});
  }

  View::Folio& folio(FrameId frame, bool owned) {
    const auto found = std::ranges::find(view_.folios, raw(frame), &View::Folio::id);
    if (found != view_.folios.end()) return *found;
    const auto& state = frames_.state(frame);
    const auto word = [&](std::size_t at) {
      return static_cast<model::Value>(sync::bits_at(frames_.data(frame) + at, sizeof(Count)));
    };
    const auto pins = state.pins(PinAccess::read) + state.pins(PinAccess::write);
    return view_.folios.emplace_back(
        View::Folio{.id = raw(frame),
                    .file = false,
                    .refs = static_cast<std::int32_t>(state.references()),
                    .pins = static_cast<std::int32_t>(pins),
                    .maps = 0,
                    .merged = false,
                    .locked = false,
                    .writeback = false,
                    .lazyfree = false,
                    .slot = 0,
                    .pages = {{word(0), word(LitmusScene::kOtherHalf), owned}}});
  }

  Stage& stage_;
  const judge::Plan& plan_;
  const Frames& frames_;
  View view_;
};

class Watched final : public LitmusScene {
 public:
  Watched(const judge::Plan& plan, std::vector<View>& views)
      : LitmusScene(plan), plan_(plan), views_(views) {}

  std::string describe() override {
    look();
    return {};
  }

 private:
  std::vector<Part> parts(Stage& stage) override {
    stage_here_ = &stage;
    views_.clear();
    look();
    return LitmusScene::parts(stage);
  }

  // Without a scheduler what is read takes no step.
  void look() {
    sync::Scheduler* const scheduler = sync::install(nullptr);
    views_.push_back(Look(*stage_here_, plan_).all());
    (void)sync::install(scheduler);
  }

  const judge::Plan& plan_;
  std::vector<View>& views_;
  Stage* stage_here_ = nullptr;
};

}  // namespace

tl::expected<std::vector<View>, explore::Refusal> views(const judge::Explanation& explanation) {
  return judge::views(explanation, [](const judge::Explanation& of, std::vector<View>& into) {
    return std::make_unique<Watched>(*of.plan, into);
  });
}

}  // namespace lab::engine
