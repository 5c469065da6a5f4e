#include "lab/hunt/journal.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lab/hunt/search/json.h"

namespace lab::hunt {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kKind = "cleave hunt";
constexpr int kVersion = 1;

tl::expected<std::string, std::string> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad())
    return tl::unexpected(fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  return text;
}

Identity identity_in(const Json& json) {
  if (json.at(kKind) != kVersion) throw std::runtime_error("it is of another version");
  return {json.at("build"), json.at("options"), json.at("units")};
}

std::optional<std::string> add(Answers& answers, std::size_t unit, Answer answer) {
  if (unit >= answers.size()) return fmt::format("there is no unit {}", unit);
  if (answers[unit] && *answers[unit] != answer)
    return fmt::format("unit {} has two answers", unit);
  answers[unit] = std::move(answer);
  return std::nullopt;
}

}  // namespace

Identity identity_of(const Options& options, std::size_t parts) {
  static const std::string build = [] {
    const auto binary = contents("/proc/self/exe");
    return fmt::format("{:016x}", binary ? XXH3_64bits(binary->data(), binary->size()) : 0);
  }();
  return {build, text(options), parts};
}

std::string difference(const Identity& one, const Identity& other) {
  if (one.build != other.build)
    return fmt::format("it was made by another build ({}, not {}): make it again", one.build,
                       other.build);
  return fmt::format("it is of another hunt:\n  {}\nnot\n  {}", one.options, other.options);
}

std::string line_of(const Identity& identity) {
  Json json;
  json[kKind] = kVersion;
  json["build"] = identity.build;
  json["options"] = identity.options;
  json["units"] = identity.units;
  return json.dump();
}

std::string line_of(std::size_t unit, const Answer& answer) {
  Json json;
  json["unit"] = unit;
  json["answer"] = hunt::json(answer);
  return json.dump();
}

tl::expected<Journal, std::string> parse_journal(std::string_view all, const std::string& name) {
  Journal journal;
  std::size_t number = 0;
  for (std::size_t at = 0, end; (end = all.find('\n', at)) != std::string_view::npos;
       at = end + 1) {
    ++number;
    try {
      const Json json = Json::parse(all.substr(at, end - at));
      if (number == 1) {
        journal.identity = identity_in(json);
        journal.answers.resize(journal.identity.units);
        continue;
      }
      if (const auto wrong = add(journal.answers, json.at("unit"), answer_in(json.at("answer"))))
        return tl::unexpected(fmt::format("{}:{}: {}", name, number, *wrong));
    } catch (const std::exception& error) {
      return tl::unexpected(fmt::format("{}:{}: this is no line of a hunt's journal: {}", name,
                                        number, error.what()));
    }
  }
  if (number == 0) return tl::unexpected(fmt::format("{} is no hunt's journal: it is empty", name));
  return journal;
}

tl::expected<Journal, std::string> read_journal(const std::string& path) {
  const auto all = contents(path);
  if (!all) return tl::unexpected(all.error());
  return parse_journal(*all, path);
}

tl::expected<Journal, std::string> merge(const std::vector<std::string>& paths) {
  std::optional<Journal> joined;
  for (const std::string& path : paths) {
    auto journal = read_journal(path);
    if (!journal) return journal;
    if (!joined) {
      joined = std::move(*journal);
      continue;
    }
    if (journal->identity != joined->identity)
      return tl::unexpected(path + ": " + difference(journal->identity, joined->identity));
    for (std::size_t unit = 0; unit < journal->answers.size(); ++unit)
      if (journal->answers[unit])
        if (const auto wrong = add(joined->answers, unit, std::move(*journal->answers[unit])))
          return tl::unexpected(fmt::format("{}: {}, this and an earlier journal's", path, *wrong));
  }
  if (!joined) return tl::unexpected(std::string("there is no journal to join"));
  return std::move(*joined);
}

std::string text(const Journal& journal) {
  std::string all = line_of(journal.identity) + '\n';
  for (std::size_t unit = 0; unit < journal.answers.size(); ++unit)
    if (journal.answers[unit]) all += line_of(unit, *journal.answers[unit]) + '\n';
  return all;
}

tl::expected<JournalFile, std::string> JournalFile::open(const std::string& path,
                                                         const Identity& identity,
                                                         Answers& answers) {
  answers.resize(identity.units);
  std::string there;
  if (access(path.c_str(), F_OK) == 0) {
    auto all = contents(path);
    if (!all) return tl::unexpected(all.error());
    there = std::move(*all);
  }
  // What was cut off in the middle of a line is made again.
  there.resize(there.rfind('\n') == std::string::npos ? 0 : there.rfind('\n') + 1);
  if (!there.empty()) {
    auto journal = parse_journal(there, path);
    if (!journal) return tl::unexpected(journal.error());
    if (journal->identity != identity)
      return tl::unexpected(path + ": " + difference(journal->identity, identity));
    answers = std::move(journal->answers);
  } else {
    there = line_of(identity) + '\n';
  }
  JournalFile file(std::fopen(path.c_str(), "w"));
  if (file.file_ == nullptr || std::fputs(there.c_str(), file.file_.get()) < 0 ||
      std::fflush(file.file_.get()) != 0)
    return tl::unexpected(fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
  return file;
}

bool JournalFile::add(std::size_t unit, const Answer& answer) {
  const std::string line = line_of(unit, answer) + '\n';
  return std::fputs(line.c_str(), file_.get()) >= 0 && std::fflush(file_.get()) == 0 &&
         fsync(fileno(file_.get())) == 0;
}

}  // namespace lab::hunt
