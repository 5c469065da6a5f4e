// What the laboratory answers of a catalogue, to be compared with what it answers elsewhere: built
// by another compiler, or for a browser. A line for each test and rule-set, in which nothing but
// the seconds may differ.
//   answers <catalogue> [<search> [<n>]]   every n-th alone, by default each
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include <nlohmann/json.hpp>

#include "lab/judge/files.h"
#include "lab/web/ask.h"

namespace {

using Json = nlohmann::ordered_json;

Json ask(const Json& question) { return Json::parse(lab::web::answer(question.dump())); }

// Of all the cases that there are, those whose number `every` divides.
void answer_of(const lab::judge::TestFile& file, const std::string& search, std::size_t every) {
  static std::size_t number = 0;
  std::ifstream stream(file.path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const Json asked = ask({{"ask", "cases"}, {"text", text}});
  for (const Json& one : asked.at("cases")) {
    if (number++ % every != 0) continue;
    Json question = {{"ask", "judge"},   {"text", text}, {"name", file.name},
                     {"search", search}, {"run", false}, {"tokens", true}};
    question.update(one);
    Json answer = ask(question);
    answer.erase("page");  // says the judgement again
    const Json line = {{"name", file.name}, {"case", one}, {"answer", answer}};
    std::puts(line.dump().c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: answers <catalogue> [<search> [<n>]]\n", stderr);
    return 2;
  }
  const auto files = lab::judge::load({}, argv[1]);
  if (!files) {
    std::fputs(files.error().c_str(), stderr);
    return 2;
  }
  const std::size_t every = argc > 3 ? std::stoul(argv[3]) : 1;
  for (const auto& file : *files) answer_of(*file, argc > 2 ? argv[2] : "dpor", every);
  return 0;
}
