#include "lab/report/data/recording.h"

#include <algorithm>

#include <fmt/format.h>

#include "lab/portable/ranges.h"

namespace lab::report {
namespace {

using Cells = std::vector<std::string>;

const model::View::Folio* folio_of(const model::View& view, std::uint32_t id) {
  const auto found = ranges::find(view.folios, id, &model::View::Folio::id);
  return found == view.folios.end() ? nullptr : &*found;
}

// "2! 77": the number, whether it is its only owner's, and what it holds.
std::string page(const model::View& view, std::uint32_t id, std::uint32_t index) {
  const model::View::Folio* folio = folio_of(view, id);
  std::string text = fmt::format("{}", id + 1);
  if (folio == nullptr || index >= folio->pages.size()) return text;
  if (folio->pages.size() > 1) text += fmt::format(".{}", index);
  const model::View::Contents& contents = folio->pages[index];
  if (contents.exclusive.value_or(false)) text += '!';
  if (contents.a) text += fmt::format(" {}", *contents.a);
  if (contents.b && contents.b != contents.a) text += fmt::format("/{}", *contents.b);
  return text;
}

std::string entry(const model::View& view, model::ProcessId process, model::PageNo number) {
  for (const model::View::Mapping& mapping : view.mappings) {
    if (mapping.process != process || mapping.page != number) continue;
    switch (mapping.kind) {
      case model::View::Kind::page:
      case model::View::Kind::migrating:
        return page(view, mapping.target, mapping.index);
      case model::View::Kind::zero:
        return "zero";
      case model::View::Kind::swap:
        return "swap";
      case model::View::Kind::none:
        return "-";
    }
  }
  return "";
}

std::string reference(const model::View& view, model::ReferenceId id) {
  for (const model::View::Reference& held : view.references)
    if (held.id == id) return held.zero ? "zero" : page(view, held.folio, held.index);
  return "";
}

// What there is in `view`, in the order of the columns.
Cells row(const Recording& recording, const model::View& view, std::string step) {
  Cells cells{std::move(step)};
  for (model::ProcessId process = 0; process < recording.processes.size(); ++process)
    for (model::PageNo page = 0; page < recording.pages.size(); ++page)
      cells.push_back(entry(view, process, page));
  for (model::ReferenceId id = 0; id < recording.references.size(); ++id)
    cells.push_back(reference(view, id));
  return cells;
}

Cells head(const Recording& recording) {
  Cells cells{""};
  for (const std::string& process : recording.processes)
    for (const std::string& page : recording.pages)
      cells.push_back(fmt::format("{}:{}", process, page));
  cells.insert(cells.end(), recording.references.begin(), recording.references.end());
  return cells;
}

std::string line(const Cells& row, const std::vector<std::size_t>& widths) {
  std::string text = "   ";
  for (std::size_t i = 0; i < row.size(); ++i)
    if (widths[i] > 0) text += fmt::format(" {:<{}}", row[i], widths[i] + 1);
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

}  // namespace

std::string text(const Recording& recording, const Style& style) {
  std::vector<Cells> rows{row(recording, recording.start, "at first")};
  for (const Recording::Step& step : recording.steps)
    rows.push_back(row(recording, step.after,
                       fmt::format("{}  {}{}{}", recording.threads[step.thread], step.operation,
                                   step.gave.empty() ? "" : "  ", step.gave)));
  // A column that nothing ever stands in is left out.
  const Cells names = head(recording);
  std::vector<std::size_t> widths(names.size(), 0);
  for (const Cells& each : rows)
    for (std::size_t i = 0; i < each.size(); ++i) widths[i] = std::max(widths[i], each[i].size());
  for (std::size_t i = 0; i < names.size(); ++i)
    if (widths[i] > 0) widths[i] = std::max(widths[i], names[i].size());
  std::string text = style.faint(line(names, widths));
  for (const Cells& each : rows) text += line(each, widths);
  return text;
}

}  // namespace lab::report
