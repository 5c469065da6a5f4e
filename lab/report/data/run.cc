#include "lab/report/data/run.h"

#include <set>

#include "lab/judge/explanation.h"
#include "lab/report/data/turning_point.h"

namespace lab::report {
namespace {

using Json = nlohmann::ordered_json;

// Arrays, not objects: there are tens of thousands. data.md names what stands where.

int bits(std::initializer_list<bool> flags) {
  int result = 0;
  int bit = 1;
  for (const bool flag : flags) {
    if (flag) result |= bit;
    bit <<= 1;
  }
  return result;
}

// null: who looked could not know.
template <typename T>
Json json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json(const model::View::Mapping& m) {
  return {m.process,
          m.page,
          m.pages,
          static_cast<int>(m.kind),
          m.target,
          m.index,
          bits({m.writable.value_or(false), m.dirty, m.wp, m.exclusive, !m.writable}),
          m.protection ? Json(static_cast<int>(*m.protection)) : Json(nullptr)};
}

Json json(const model::View::Folio& f) {
  Json pages = Json::array();
  for (const model::View::Contents& page : f.pages)
    pages.push_back(
        Json::array({json(page.a), json(page.b), page.exclusive.value_or(false) ? 1 : 0}));
  return {f.id,
          json(f.refs),
          json(f.pins),
          f.maps,
          bits({f.file, f.merged, f.locked, f.writeback, f.lazyfree}),
          f.slot,
          std::move(pages)};
}

Json json(const model::View::Reference& r) {
  return {r.id, bits({r.zero, r.pin, r.write}), r.folio, r.index, r.process, r.page};
}

Json json(const model::View::Slot& s) { return {s.id, json(s.count), json(s.a), json(s.b)}; }

template <typename T>
Json list(const std::vector<T>& values) {
  Json result = Json::array();
  for (const T& value : values) result.push_back(json(value));
  return result;
}

Json json(const model::View& view) {
  return Json::array({list(view.mappings), list(view.folios), list(view.references),
                      list(view.slots), Json(view.gone)});
}

Json steps(const explore::Counterexample& example, const std::vector<model::View>& views,
           InternTables& shelves) {
  std::set<std::size_t> folded;
  for (const explore::Line& line : example.lines)
    if (line.folded) folded.insert(line.events.begin(), line.events.end());
  Json steps = Json::array();
  for (std::size_t at = 0; at < example.trace.events.size(); ++at) {
    const explore::Event& event = example.trace.events[at];
    Json decided = Json::array();
    for (const std::string& text : event.decided) decided.push_back(shelves.words(text));
    steps.push_back(
        Json::array({event.thread, static_cast<int>(event.kind), shelves.words(event.operation),
                     shelves.words(event.label), std::move(decided),
                     shelves.views(json(views[at + 1])), folded.contains(at) ? 1 : 0}));
  }
  return steps;
}

}  // namespace

std::size_t InternTable::operator()(const Json& value) {
  const auto [place, added] = places_.try_emplace(
      value.dump(-1, ' ', false, Json::error_handler_t::replace), values_.size());
  if (added) values_.push_back(value);
  return place->second;
}

Json run_of(const judge::Explanation& explanation, const std::vector<model::View>& views,
            InternTables& shelves) {
  const explore::Counterexample& example = explanation.example;
  const explore::Trace& trace = example.trace;
  return {{"what", explanation.what},
          {"threads", trace.threads},
          {"start", shelves.views(json(views.front()))},
          {"steps", steps(example, views, shelves)},
          {"preemptions", example.preemptions},
          {"fewest", example.fewest},
          {"always", example.inevitable_after == 0},
          {"turning", json(turning_point(example))},
          {"decision", json(last_decision(example))},
          {"broken", trace.broken},
          {"standstill", trace.standstill},
          {"token", trace.token()}};
}

Json run_of(const Recording& recording, InternTables& shelves) {
  Json steps = Json::array();
  for (const Recording::Step& step : recording.steps) {
    Json gave = Json::array();
    if (!step.gave.empty()) gave.push_back(shelves.words(step.gave));
    steps.push_back(Json::array({step.thread, 0, shelves.words(step.operation), shelves.words(""),
                                 std::move(gave), shelves.views(json(step.after)), 0}));
  }
  return {{"what", recording.end},
          {"threads", recording.threads},
          {"start", shelves.views(json(recording.start))},
          {"steps", std::move(steps)},
          {"turning", nullptr},
          {"decision", nullptr},
          {"seen", true}};
}

}  // namespace lab::report
