#include "lab/kernel/film.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace lab::kernel {
namespace {

std::optional<model::Value> known(std::uint64_t value) {
  if (value == judge::kUnreadable) return std::nullopt;
  return static_cast<model::Value>(value);
}

// Numbers for frames and slots: the next one for each that was not there just before.
class Numbers {
 public:
  std::uint32_t operator()(std::uint64_t key) {
    const auto before = last_.find(key);
    if (before != last_.end()) return now_[key] = before->second;
    const auto [place, added] = now_.try_emplace(key, next_);
    if (added) ++next_;
    return place->second;
  }
  void next_shot() { last_ = std::exchange(now_, {}); }

 private:
  std::map<std::uint64_t, std::uint32_t> last_, now_;
  std::uint32_t next_ = 0;
};

class Developer {
 public:
  explicit Developer(const Play& play) : play_(play) {
    const auto& pages = play.plan.setup.pages;
    for (std::size_t i = 0; i < pages.size(); ++i)
      for (std::uint32_t index = 0; index < pages[i].pages; ++index)
        of_.push_back({pages[i].pages, index});
  }

  model::View operator()(const Shot& shot) {
    model::View view;
    for (model::ProcessId process = 0; process < play_.plan.processes.size(); ++process) {
      const Shot::Process& seen = shot.processes[process];
      if (seen.gone) view.gone.push_back(process);
      if (!seen.there) continue;
      for (model::PageNo page = 0; page < play_.spots.size(); ++page)
        if (seen.pages[page].mapped) add_mapping(view, process, page, seen.pages[page]);
    }
    for (model::ReferenceId id = 0; id < play_.plan.references.size(); ++id)
      if (shot.references[id].taken) add_reference(view, id, shot.references[id]);
    std::ranges::sort(view.folios, {}, &model::View::Folio::id);
    folios_.next_shot();
    slots_.next_shot();
    return view;
  }

 private:
  struct Part {
    std::uint32_t pages, index;  ///< of its declaration
  };

  // A large folio is one thing as long as the kernel says that it is; its frames lie in a row.
  static bool whole(const Part& part, std::uint64_t flags) {
    return part.pages > 1 && (flags >> kFlagHuge & 1) != 0;
  }
  std::uint32_t number(const Part& part, std::uint64_t frame, std::uint64_t flags) {
    constexpr std::uint64_t kFrames = kHugePage / kSmallPage;
    constexpr std::uint64_t kLarge = std::uint64_t{1} << 63;  // apart from its first frame
    return folios_(whole(part, flags) ? frame / kFrames * kFrames | kLarge : frame);
  }

  model::View::Folio& folio(model::View& view, std::uint32_t id, const Part& part,
                            std::uint64_t flags) {
    const auto found = std::ranges::find(view.folios, id, &model::View::Folio::id);
    if (found != view.folios.end()) return *found;
    const Sight sight{0, flags};
    model::View::Folio folio{};
    folio.id = id;
    folio.file = !sight.is(kFlagAnonymous);
    folio.merged = sight.is(kFlagKsm);
    folio.locked = sight.is(kFlagLocked);
    folio.writeback = sight.is(kFlagWriteback);
    // hugetlb pages are never swapped, and say so in the same way.
    folio.lazyfree =
        sight.is(kFlagAnonymous) && !sight.is(kFlagSwapBacked) && !sight.is(kFlagHugetlb);
    folio.pages.resize(whole(part, flags) ? part.pages : 1);
    // The mark of a large folio's other pages is not shown to anybody.
    folio.pages.front().exclusive =
        sight.is(kFlagAnonymous) && !sight.is(kFlagKsm) && sight.is(kFlagExclusive);
    view.folios.push_back(std::move(folio));
    return view.folios.back();
  }

  void add_mapping(model::View& view, model::ProcessId process, model::PageNo page,
                   const Shot::Page& seen) {
    model::View::Mapping mapping{};
    mapping.process = process;
    mapping.page = page;
    mapping.pages = 1;
    mapping.wp = seen.sight.write_protected();
    if (seen.sight.swapped()) {
      mapping.kind = model::View::Kind::swap;
      mapping.target = slots_(seen.sight.slot());
      if (std::ranges::find(view.slots, mapping.target, &model::View::Slot::id) == view.slots.end())
        view.slots.push_back({mapping.target, std::nullopt, std::nullopt, std::nullopt});
    } else if (seen.sight.present() && seen.sight.is(kFlagZeroPage)) {
      mapping.kind = model::View::Kind::zero;
    } else if (seen.sight.present()) {
      const Part& part = of_[page];
      mapping.kind = model::View::Kind::page;
      mapping.target = number(part, seen.sight.frame(), seen.sight.flags);
      mapping.index = whole(part, seen.sight.flags) ? part.index : 0;
      model::View::Folio& of = folio(view, mapping.target, part, seen.sight.flags);
      of.maps = std::max(of.maps, static_cast<std::uint32_t>(seen.maps));
      model::View::Contents& contents = of.pages[mapping.index];
      contents.a = known(seen.contents[0]);
      contents.b = known(seen.contents[1]);
    }
    view.mappings.push_back(mapping);
  }

  void add_reference(model::View& view, model::ReferenceId id, const Shot::Reference& seen) {
    const Sight sight{0, seen.flags};
    const Part& part = of_[seen.page];
    const Means means = play_.uses[id].means;
    model::View::Reference reference{};
    reference.id = id;
    reference.zero = sight.is(kFlagZeroPage);
    reference.pin = means != Means::vmsplice;
    reference.write =
        means == Means::registered || means == Means::copy_in || means == Means::fuse_read;
    reference.process = seen.process;
    reference.page = seen.page;
    if (!reference.zero) {
      reference.folio = number(part, seen.frame, seen.flags);
      reference.index = whole(part, seen.flags) ? part.index : 0;
      model::View::Folio& of = folio(view, reference.folio, part, seen.flags);
      of.maps = std::max(of.maps, static_cast<std::uint32_t>(seen.maps));
    }
    view.references.push_back(reference);
  }

  const Play& play_;
  std::vector<Part> of_;  ///< by page number
  Numbers folios_, slots_;
};

std::vector<std::string> page_names(const judge::Plan& plan) {
  std::vector<std::string> names;
  for (const model::PageSetup& page : plan.setup.pages)
    for (std::uint32_t i = 0; i < page.pages; ++i)
      names.push_back(page.pages == 1 ? page.name : fmt::format("{}[{}]", page.name, i));
  return names;
}

}  // namespace

std::optional<report::Film> film_of(const Play& play, const Reel& reel) {
  if (!reel.complete || reel.taken == 0) return std::nullopt;
  report::Film film;
  film.pages = page_names(play.plan);
  film.processes = play.plan.processes;
  film.references = play.plan.references;
  for (const judge::Script& line : play.plan.scripts) film.threads.push_back(line.name);
  Developer develop(play);
  film.start = develop(reel.shots[0]);
  // The last shot is of the end, when processes that end have ended; the statement before it has the same place.
  for (std::uint32_t i = 1; i < reel.taken; ++i) {
    const Shot& shot = reel.shots[i];
    model::View view = develop(shot);
    if (shot.line >= play.plan.scripts.size()) {
      if (!film.steps.empty()) film.steps.back().after = std::move(view);
      continue;
    }
    const judge::Instruction& instruction = play.plan.scripts[shot.line].code[shot.at];
    std::string gave;
    if (instruction.result) gave = fmt::format("{} = {}", instruction.operation->result, shot.gave);
    film.steps.push_back({shot.line, instruction.text, std::move(gave), std::move(view)});
  }
  return film;
}

}  // namespace lab::kernel
