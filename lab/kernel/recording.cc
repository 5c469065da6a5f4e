#include "lab/kernel/recording.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

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
  explicit Developer(const CompiledTest& compiled) : play_(compiled) {
    const auto& pages = compiled.plan.setup.pages;
    for (std::size_t i = 0; i < pages.size(); ++i)
      for (std::uint32_t index = 0; index < pages[i].pages; ++index)
        of_.push_back({pages[i].pages, index});
  }

  model::View operator()(const Sample& sample) {
    model::View view;
    for (model::ProcessId process = 0; process < play_.plan.processes.size(); ++process) {
      const Sample::Process& seen = sample.processes[process];
      if (seen.gone) view.gone.push_back(process);
      if (!seen.there) continue;
      for (model::PageNo page = 0; page < play_.placements.size(); ++page)
        if (seen.pages[page].mapped) add_mapping(view, process, page, seen.pages[page]);
    }
    for (model::ReferenceId id = 0; id < play_.plan.references.size(); ++id)
      if (sample.references[id].taken) add_reference(view, id, sample.references[id]);
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
    const PageInfo info{0, flags};
    model::View::Folio folio{};
    folio.id = id;
    folio.file = !info.is(kFlagAnonymous);
    folio.merged = info.is(kFlagKsm);
    folio.locked = info.is(kFlagLocked);
    folio.writeback = info.is(kFlagWriteback);
    // hugetlb pages are never swapped, and say so in the same way.
    folio.lazyfree = info.is(kFlagAnonymous) && !info.is(kFlagSwapBacked) && !info.is(kFlagHugetlb);
    folio.pages.resize(whole(part, flags) ? part.pages : 1);
    // The mark of a large folio's other pages cannot be seen.
    folio.pages.front().exclusive =
        info.is(kFlagAnonymous) && !info.is(kFlagKsm) && info.is(kFlagExclusive);
    view.folios.push_back(std::move(folio));
    return view.folios.back();
  }

  void add_mapping(model::View& view, model::ProcessId process, model::PageNo page,
                   const Sample::Page& seen) {
    model::View::Mapping mapping{};
    mapping.process = process;
    mapping.page = page;
    mapping.pages = 1;
    mapping.wp = seen.info.write_protected();
    if (seen.info.swapped()) {
      mapping.kind = model::View::Kind::swap;
      mapping.target = slots_(seen.info.slot());
      if (std::ranges::find(view.slots, mapping.target, &model::View::Slot::id) == view.slots.end())
        view.slots.push_back({mapping.target, std::nullopt, std::nullopt, std::nullopt});
    } else if (seen.info.present() && seen.info.is(kFlagZeroPage)) {
      mapping.kind = model::View::Kind::zero;
    } else if (seen.info.present()) {
      const Part& part = of_[page];
      mapping.kind = model::View::Kind::page;
      mapping.target = number(part, seen.info.frame(), seen.info.flags);
      mapping.index = whole(part, seen.info.flags) ? part.index : 0;
      model::View::Folio& of = folio(view, mapping.target, part, seen.info.flags);
      of.maps = std::max(of.maps, static_cast<std::uint32_t>(seen.maps));
      model::View::Contents& contents = of.pages[mapping.index];
      contents.a = known(seen.contents[0]);
      contents.b = known(seen.contents[1]);
    }
    view.mappings.push_back(mapping);
  }

  void add_reference(model::View& view, model::ReferenceId id, const Sample::Reference& seen) {
    const PageInfo info{0, seen.flags};
    const Part& part = of_[seen.page];
    const GupMethod method = play_.reference_uses[id].method;
    model::View::Reference reference{};
    reference.id = id;
    reference.zero = info.is(kFlagZeroPage);
    reference.pin = method != GupMethod::vmsplice;
    reference.write = method == GupMethod::registered || method == GupMethod::copy_in ||
                      method == GupMethod::fuse_read;
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

  const CompiledTest& play_;
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

std::optional<report::Recording> recording_of(const CompiledTest& compiled,
                                              const RecordingBuffer& buffer) {
  if (!buffer.complete || buffer.taken == 0) return std::nullopt;
  report::Recording recording;
  recording.pages = page_names(compiled.plan);
  recording.processes = compiled.plan.processes;
  recording.references = compiled.plan.references;
  for (const judge::ThreadPlan& line : compiled.plan.threads)
    recording.threads.push_back(line.name);
  Developer develop(compiled);
  recording.start = develop(buffer.samples[0]);
  // The last sample is of the end, when processes that end have ended; the statement before it has
  // the same place.
  for (std::uint32_t i = 1; i < buffer.taken; ++i) {
    const Sample& sample = buffer.samples[i];
    model::View view = develop(sample);
    if (sample.line >= compiled.plan.threads.size()) {
      if (!recording.steps.empty()) recording.steps.back().after = std::move(view);
      continue;
    }
    const judge::Instruction& instruction = compiled.plan.threads[sample.line].code[sample.at];
    std::string gave;
    if (instruction.result)
      gave = fmt::format("{} = {}", instruction.operation->result, sample.gave);
    recording.steps.push_back({sample.line, instruction.text, std::move(gave), std::move(view)});
  }
  return recording;
}

}  // namespace lab::kernel
