#include "lab/hunt/search/minimise.h"

#include "lab/portable/ranges.h"

namespace lab::hunt {
namespace {

using spec::Act;

// Acts with the place of each in its program: so that some can go and the rest find back.
struct Placed {
  Act act;
  int part;  // 0 before, 1 and 2 the race, 3 after
};

std::vector<Placed> place(const Program& program) {
  std::vector<Placed> all;
  for (const Act& act : program.before) all.push_back({act, 0});
  if (program.race) {
    all.push_back({program.race->first, 1});
    all.push_back({program.race->second, 2});
  }
  for (const Act& act : program.after) all.push_back({act, 3});
  return all;
}

Program join(const Start* start, const std::vector<Placed>& all) {
  const auto races = ranges::count_if(all, [](const Placed& p) { return p.part % 3 != 0; });
  Program program;
  program.start = start;
  for (const Placed& each : all) {
    if (races == 2 && each.part == 1)
      program.race.emplace(each.act, each.act);
    else if (races == 2 && each.part == 2)
      program.race->second = each.act;
    else
      (races == 2 && each.part == 3 ? program.after : program.before).push_back(each.act);
  }
  return program;
}

void forget(std::vector<Placed>& all, std::uint8_t reference) {
  std::erase_if(all, [&](const Placed& each) {
    return spec::uses(each.act) && each.act.reference == reference;
  });
  for (Placed& each : all)
    if ((spec::uses(each.act) || spec::takes(each.act)) && each.act.reference > reference)
      --each.act.reference;
}

void remove(std::vector<Placed>& all, std::size_t at) {
  const Act gone = all[at].act;
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
  if (spec::takes(gone)) return forget(all, gone.reference);
  if (gone.word != litmus::Word::fork) return;
  // Without a fork there is no child, and nothing that it does.
  for (std::size_t i = 0; i < all.size();) {
    if (all[i].act.process == 1 || all[i].act.other_process == 1) {
      remove(all, i);
      i = 0;
    } else {
      ++i;
    }
  }
}

// Of two pages that are alike, the one that is used alone is the first.
void name_pages(std::vector<Placed>& all) {
  const auto of_first = [](const Placed& each) {
    return names_a_page(each.act.word) &&
           (each.act.page == 0 || (names_two(each.act.word) && each.act.other == 0));
  };
  if (ranges::any_of(all, of_first)) return;
  for (Placed& each : all) each.act.page = 0;
}

std::vector<Program> simpler(const Program& program) {
  std::vector<Program> some;
  if (program.race) {
    for (const bool swapped : {false, true}) {
      Program one_by_one = program;
      one_by_one.race.reset();
      const auto& [first, second] = *program.race;
      one_by_one.before.push_back(swapped ? second : first);
      one_by_one.before.push_back(swapped ? first : second);
      one_by_one.before.insert(one_by_one.before.end(), program.after.begin(), program.after.end());
      one_by_one.after.clear();
      some.push_back(std::move(one_by_one));
    }
  }
  for (std::size_t i = program.size(); i-- > 0;) some.push_back(without(program, i));
  const Start& plain = starts().front();
  if (program.start != &plain) {
    Program on_plain = program;
    on_plain.start = &plain;
    some.push_back(std::move(on_plain));
  }
  return some;
}

}  // namespace

Program without(const Program& program, std::size_t at) {
  std::vector<Placed> all = place(program);
  remove(all, at);
  if (program.start->alike) name_pages(all);
  return join(program.start, all);
}

Program minimise(Program program, std::size_t of, explore::Memory memory, const std::string& kind,
                 Question& question) {
  for (bool went = true; went;) {
    went = false;
    for (Program& some : simpler(program)) {
      const auto shown = question.ask(some, of, memory);
      if (!shown || shown->kind != kind || shown->known != spec::Known::no) continue;
      program = std::move(some);
      went = true;
      break;
    }
  }
  return program;
}

}  // namespace lab::hunt
