#include "tools/litmus/hunt.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/campaign/campaign.h"
#include "lab/hunt/hunt.h"
#include "lab/hunt/journal.h"
#include "lab/kernel/system/capabilities.h"
#include "lab/words/counted.h"
#include "tools/console/exit.h"
#include "tools/console/interrupt.h"
#include "tools/console/status_line.h"
#include "tools/litmus/hunt/page.h"
#include "tools/litmus/hunt/report.h"
#include "tools/litmus/litmus.h"

namespace cleave::litmus {
namespace {

using lab::hunt::Answers;
using Clock = std::chrono::steady_clock;

template <typename T>
T must_be(tl::expected<T, std::string> read, const char* option) {
  if (!read) stop(2, fmt::format("{}: {}\n", option, read.error()));
  return std::move(*read);
}

std::vector<lab::explore::Memory> memories_of(const std::string& text) {
  std::vector<lab::explore::Memory> memories;
  if (text == "none") return memories;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string name = text.substr(at, end - at);
    at = end + 1;
    if (name != "sc" && name != "tso" && name != "ra")
      stop(2, fmt::format("--races: there is no memory model \"{}\"; write sc, tso or ra, several "
                          "with commas, or none\n",
                          name));
    memories.push_back(memory_of(name));
  }
  return memories;
}

std::string starts_of(const HuntAsked& asked) {
  if (asked.starts != "all") return asked.starts;
  if (asked.against == "kernel") return "small,two,huge,folio,swapped,readonly,file,zero";
  if (asked.against == "engine") return "small,two,swapped,readonly,zero";
  return asked.starts;
}

// Of the usual words, those that the judge can play.
std::string words_of(const HuntAsked& asked) {
  if (asked.words != "usual") return asked.words;
  if (asked.against == "kernel")
    return "write,read,force,fork,exit,get,pin,pin write,pin write long,poke,drop,unmap,map,"
           "discard,protect ro,protect rw,dontfork,wipeonfork,swapout,merge,unmerge,split,"
           "split_pmd,collapse";
  if (asked.against == "engine")
    return "write,read,fork,exit,get,pin,pin fast,pin write,pin write fast,poke,drop,unmap,map,"
           "discard,protect ro,protect rw,swapout";
  return asked.words;
}

lab::hunt::Options options_of(const HuntAsked& asked) {
  lab::hunt::Options options;
  const bool elsewhere = is_elsewhere(asked.against);
  if (elsewhere && asked.rules.empty())
    options.variants =
        variants({asked.against == "engine" ? "cleave" : lab::kernel::kernel_rules()});
  else
    options.variants = variants(asked.rules);
  if (elsewhere && options.variants.size() != 1)
    stop(2, "--against kernel, engine: name one rule-set, whose word the programs are held to\n");
  if (options.variants.size() > 64) stop(2, "a hunt takes 64 rule-sets at most\n");
  if (elsewhere) options.elsewhere = name_elsewhere(asked.against);
  if (asked.against != "spec" && !elsewhere) {
    const std::vector<lab::judge::Variant> against = variants({asked.against});
    if (against.size() != 1)
      stop(2, "--against: name spec, or one rule-set that the others are compared with\n");
    options.reference = against.front();
  }
  options.starts = must_be(lab::hunt::parse_starts(starts_of(asked)), "--starts");
  options.words = must_be(lab::hunt::parse_shapes(words_of(asked)), "--words");
  options.depth = asked.depth;
  options.memories = memories_of(asked.races);
  options.before = asked.before;
  options.after = asked.after;
  options.most_references = static_cast<std::uint8_t>(asked.references);
  const auto words = [](const std::string& text, const char* otherwise, const char* option) {
    return must_be(lab::hunt::parse_shapes(text.empty() ? otherwise : text), option);
  };
  options.before_words = words(asked.before_words, lab::hunt::kBeforeWords, "--before-words");
  options.race_words = words(asked.race_words, lab::hunt::kRaceWords, "--race-words");
  options.after_words = words(asked.after_words, lab::hunt::kAfterWords, "--after-words");
  return options;
}

lab::hunt::Shard shard_of(const std::string& text) {
  lab::hunt::Shard shard;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, shard.index);
  const bool slash = first.ptr != end && *first.ptr == '/';
  const auto last = std::from_chars(slash ? first.ptr + 1 : end, end, shard.count);
  if (!slash || last.ptr != end || last.ec != std::errc{} || shard.index < 1 ||
      shard.index > shard.count)
    stop(2, fmt::format("--shard: \"{}\" is not understood; write 3/8 for the third of eight\n",
                        text));
  return shard;
}

class Status {
 public:
  Status(std::size_t done, std::size_t all) : done_(done), first_(done), all_(all) {}
  void made(const lab::hunt::Answer& answer) {
    ++done_;
    programs_ += answer.programs;
    found_ += answer.findings.size();
    if (!line_.is_shown()) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    const double left =
        seconds / static_cast<double>(done_ - first_) * static_cast<double>(all_ - done_);
    line_.show(fmt::format(
        "{} of {}, {}, {}, about {:.0f} s left", done_, lab::words::counted(all_, "unit"),
        lab::words::counted(programs_, "program"), lab::words::counted(found_, "finding"), left));
  }
  void clear() const { line_.clear(); }

 private:
  const console::StatusLine line_;
  const Clock::time_point begin_ = Clock::now();
  std::size_t done_, first_, all_;
  std::uint64_t programs_ = 0;
  std::size_t found_ = 0;
};

void write_files(const std::string& folder, const Answers& answers) {
  std::map<std::string, int> times;
  for (const auto& [key, finding] : worth_telling(total(answers))) {
    const int time = ++times[finding.name];
    const std::string name = time == 1 ? finding.name : fmt::format("{}-{}", finding.name, time);
    std::ofstream file(folder + '/' + name + ".litmus");
    file << finding.litmus;
    file.close();
    if (!file) stop(2, fmt::format("--out: {}/{}.litmus cannot be written\n", folder, name));
  }
}

void tell(const lab::hunt::Journal& journal, const lab::hunt::Shard& shard, double seconds,
          const HuntAsked& asked, const std::vector<lab::hunt::PartName>& parts) {
  if (!asked.out.empty()) write_files(asked.out, journal.answers);
  const lab::judge::TestFiles catalogue = load({});
  HuntReport report{journal, shard, seconds, asked.verbose ? std::size_t{0} : 20};
  if (!asked.html.empty())
    if (auto written = write_page(asked.html, report, parts, catalogue); !written)
      stop(2, fmt::format("--html: {}\n", written.error()));
  fmt::print("{}", asked.json ? json_of(report, catalogue) : text_of(report, catalogue));
  if (!lab::hunt::total(journal.answers).findings.empty()) throw console::Exit{1};
  if (!is_whole(report)) throw console::Exit{3};
}

void write(const lab::hunt::Journal& journal, const std::string& path, const char* option) {
  std::ofstream file(path, std::ios::binary);
  file << lab::hunt::text(journal);
  file.close();
  if (!file) stop(2, fmt::format("{}: {} cannot be written\n", option, path));
}

std::size_t count_of(const lab::hunt::Shard& shard, std::size_t units) {
  std::size_t count = 0;
  for (std::size_t unit = 0; unit < units; ++unit) count += shard.has(unit) ? 1 : 0;
  return count;
}

// What a process does that hunts with others: units come from the campaign, and answers go there.
class Together {
 public:
  Together(const HuntAsked& asked, const lab::hunt::Journal& journal, lab::hunt::Effort& effort) {
    if (effort.shard.count != 1) stop(2, "--queue: a campaign shares out all parts; no --shard\n");
    const auto place = must_be(lab::campaign::parse_place(asked.queue), "--queue");
    lab::campaign::Terms terms;
    terms.stop = [this] { return console::interrupted.load() || failed_; };
    campaign_ = must_be(
        lab::campaign::Campaign::join(place, journal.identity,
                                      to_make(lab::hunt::Answers(journal.identity.units), effort),
                                      journal.answers, terms),
        "--queue");
    effort.next = [this] { return kept(campaign_->take()).value_or(std::nullopt); };
  }
  void answer(std::size_t unit, const lab::hunt::Answer& answer) {
    kept(campaign_->answer(unit, answer));
  }
  /// What all have made. Ends the command where there was an error.
  lab::hunt::Journal whole() {
    if (failed_) stop(2, fmt::format("--queue: {}\n", why_));
    return must_be(campaign_->whole(), "--queue");
  }

 private:
  template <typename T>
  tl::expected<T, std::string> kept(tl::expected<T, std::string> result) {
    if (!result && !failed_.exchange(true)) why_ = result.error();
    return result;
  }

  std::unique_ptr<lab::campaign::Campaign> campaign_;
  /// Written by each thread that meets an error, of which the first writes `why_`; read by all
  /// before they wait for the server. Sequentially consistent: its cost counts for nothing.
  std::atomic<bool> failed_{false};
  std::string why_;
};

}  // namespace

void hunt(const HuntAsked& asked) {
  const lab::hunt::Options options = options_of(asked);
  const bool elsewhere = is_elsewhere(asked.against);
  // Once, and the parts that are being made are the last.
  const console::Interruptible interruptible;
  const lab::hunt::Parts parts =
      elsewhere ? parts_elsewhere(options, judge_elsewhere(asked.against)) : parts_of(options);
  lab::hunt::Effort effort;
  effort.jobs = asked.against == "kernel" ? 1 : asked.jobs;
  effort.seed = asked.seed;
  effort.shard = shard_of(asked.shard);
  if (asked.time > 0) effort.seconds = asked.time;
  lab::hunt::Journal journal{identity_of(options, parts.names.size()), {}};
  journal.answers.resize(journal.identity.units);
  std::optional<lab::hunt::JournalFile> file;
  if (!asked.journal.empty())
    file = must_be(lab::hunt::JournalFile::open(asked.journal, journal.identity, journal.answers),
                   "--journal");
  const std::size_t all = count_of(effort.shard, journal.identity.units);
  Status status(all - to_make(journal.answers, effort).size(), all);
  std::optional<Together> together;
  if (!asked.queue.empty()) together.emplace(asked, journal, effort);
  bool written = true;
  effort.made = [&](std::size_t part, const lab::hunt::Answer& answer) {
    if (file) written = written && file->add(part, answer);
    status.made(answer);
    if (together) together->answer(part, answer);
  };
  effort.stop = [&] { return console::interrupted || !written; };
  const Clock::time_point begin = Clock::now();
  lab::hunt::hunt(parts, effort, journal.answers);
  status.clear();
  if (!written) stop(2, fmt::format("--journal: {} cannot be written\n", asked.journal));
  if (together) {
    journal = together->whole();
    if (!asked.journal.empty()) write(journal, asked.journal, "--journal");
  }
  tell(journal, effort.shard, std::chrono::duration<double>(Clock::now() - begin).count(), asked,
       parts.names);
}

void merge_hunts(const std::vector<std::string>& journals, const std::string& into,
                 const HuntAsked& asked) {
  const lab::hunt::Journal joined = must_be(lab::hunt::merge(journals), "hunt merge");
  if (!into.empty()) write(joined, into, "--into");
  tell(joined, {}, 0, asked, {});
}

}  // namespace cleave::litmus
