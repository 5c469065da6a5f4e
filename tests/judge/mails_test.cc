// Whether what litmus/mails/README.md says the rule-sets answer is what they answer.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judged.h"
#include "lab/judge/batch.h"
#include "lab/litmus/vocabulary.h"
#include "lab/model/decide/rules.h"

namespace lab::judge {
namespace {

using testing::IsEmpty;

const char* const kFolder = CLEAVE_CATALOGUE "/mails";

using Cells = std::vector<std::string>;

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// The cells of a table's row; of another line none.
Cells cells_of(const std::string& line) {
  Cells cells;
  if (!line.starts_with('|')) return cells;
  for (std::size_t at = 1, end = 0; (end = line.find('|', at)) != std::string::npos; at = end + 1)
    cells.push_back(trimmed(line.substr(at, end - at)));
  return cells;
}

// What a row says of a test.
struct Said {
  std::string test;
  std::string rules;  // "E1", "E1,gup_ro=take"
  std::string verdict;
};

// "[three-copies](mail-2020-08-11-three-copies.litmus)" links a test; its name is given, else "".
std::string linked_test(const std::string& cell) {
  const auto begin = cell.find("](mail-");
  const auto end = cell.find(".litmus)");
  if (begin == std::string::npos || end == std::string::npos) return "";
  return cell.substr(begin + 2, end - begin - 2);
}

// A table's row that begins with a link to a test has, under the name of a rule-set, that
// rule-set's answer. Other columns are for the reader alone, but for the pair "changed", a
// rule-set, and "answer".
std::vector<Said> said_by_the_readme() {
  std::set<std::string> known;
  for (const model::RuleSet& rules : model::rule_sets()) known.emplace(rules.name);
  std::ifstream readme(fmt::format("{}/README.md", kFolder));
  EXPECT_TRUE(readme.is_open()) << kFolder;
  std::vector<Said> result;
  Cells head;
  for (std::string line; std::getline(readme, line);) {
    const Cells cells = cells_of(line);
    const std::string test = cells.empty() ? "" : linked_test(cells[0]);
    if (test.empty()) {
      if (cells.empty() || !cells[0].starts_with("---")) head = cells;
      continue;
    }
    EXPECT_EQ(cells.size(), head.size()) << line;
    std::string changed;
    for (std::size_t i = 0; i < std::min(cells.size(), head.size()); ++i) {
      if (head[i] == "changed") changed = cells[i];
      if (head[i] == "answer") result.push_back({test, changed, cells[i]});
      if (known.contains(head[i])) result.push_back({test, head[i], cells[i]});
    }
  }
  return result;
}

TestFiles mails() {
  auto files = load({kFolder}, CLEAVE_CATALOGUE);
  if (files) return std::move(*files);
  ADD_FAILURE() << files.error();
  return {};
}

std::map<std::string, const litmus::Test*> by_name(const TestFiles& files) {
  std::map<std::string, const litmus::Test*> result;
  for (const auto& file : files) result[file->test.name] = &file->test;
  return result;
}

// A test and a rule-set: "mail-... under E1".
std::string pair_of(const std::string& test, const std::string& rules) {
  return fmt::format("{} under {}", test, rules);
}

TEST(Mails, AreAnsweredAsTheirReadmeSays) {
  const TestFiles files = mails();
  const auto tests = by_name(files);
  for (const Said& said : said_by_the_readme()) {
    ASSERT_TRUE(tests.contains(said.test)) << said.test << " is no file";
    if (said.verdict == "-") {
      EXPECT_THAT(
          cases_of({tests.at(said.test)}, {variant(said.rules)}, explore::Memory::sc, false),
          IsEmpty())
          << pair_of(said.test, said.rules);
      continue;
    }
    EXPECT_EQ(said.verdict, litmus::name(judged(*tests.at(said.test), said.rules).verdict))
        << pair_of(said.test, said.rules);
  }
}

// Each test has one row, with every rule-set; and each rule-set that it changes has one, too.
TEST(Mails, AreEachAnsweredOnceInTheReadmeForEveryRuleSet) {
  std::vector<std::string> rows;
  for (const Said& said : said_by_the_readme()) rows.push_back(pair_of(said.test, said.rules));
  std::vector<std::string> wanted;
  const TestFiles files = mails();
  for (const auto& file : files) {
    for (const model::RuleSet& rules : model::rule_sets())
      wanted.push_back(pair_of(file->test.name, std::string(rules.name)));
    for (const Named& named : named_beyond(file->test))
      wanted.push_back(pair_of(file->test.name, named.variant.text));
  }
  EXPECT_THAT(rows, testing::UnorderedElementsAreArray(wanted));
}

}  // namespace
}  // namespace lab::judge
