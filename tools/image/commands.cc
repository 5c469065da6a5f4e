#include "tools/image/commands.h"

#include <nlohmann/json.hpp>

#include "tools/console/exit.h"
#include "tools/console/figures.h"
#include "tools/console/status_line.h"
#include "tools/image/failure.h"
#include "tools/image/file.h"
#include "tools/image/oci.h"
#include "tools/image/stores.h"

namespace cleave::command::image {
namespace {

using console::count;
using console::size;
using Json = nlohmann::ordered_json;

// A terminal is shown how far it is.
class Opened {
 public:
  Opened(const std::string& store, Use use) : repository_(open(store, use)) {
    if (!line_.is_shown()) return;
    repository_.on_progress([this](std::uint64_t done, std::uint64_t total) {
      line_.show(total == 0 ? count(done) : fmt::format("{} of {}", count(done), count(total)));
      if (done == total) line_.clear();
    });
  }
  ~Opened() { repository_.on_progress({}); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  Repository* operator->() { return &repository_; }
  Repository& operator*() { return repository_; }

 private:
  static Repository open(const std::string& store, Use use) {
    auto opened = Repository::open(store_at(store, use));
    if (!opened && opened.error().code == Errc::not_mapped) {
      fail(store, "no repository; `cleave image init` makes one");
    }
    return got(std::move(opened), store);
  }

  console::StatusLine line_;
  Repository repository_;
};

void print(const Json& json) {
  // A message or a module's name may be any bytes.
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

std::string brief(const ImageId& id) { return id.hex().substr(0, 12); }

// Text that somebody else wrote must not steer the terminal.
std::string shown(std::string text) {
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) letter = '?';
  }
  return text;
}

void make(const std::string& store) { got(Repository::create(new_store_at(store)), store); }

// By default all.
std::vector<std::string> wanted_refs(Repository& from, const Options& options) {
  std::vector<std::string> names = options.refs;
  if (names.empty()) {
    for (const ImageRef& ref : got(from.refs(), options.from)) {
      if (!ref.name.starts_with("readers/")) names.push_back(ref.name);  // leases there
    }
  }
  return names;
}

void fetch(Repository& to, const Options& options) {
  Opened from(options.from, Use::read);
  Json fetched = Json::array();
  for (const std::string& name : wanted_refs(*from, options)) {
    const bool is_hint = name.starts_with("touched/");  // theirs is as good as ours
    const ImageId commit = got(to.fetch(*from, name, options.force || is_hint), name);
    fetched.push_back({{"ref", name}, {"commit", commit.hex()}});
    if (!options.json) fmt::print("{} {}\n", brief(commit), name);
  }
  if (options.json) print({{"fetched", fetched}});
}

}  // namespace

void init(const Options& options) {
  make(options.repository);
  if (options.json) return print({{"repository", options.repository}});
  fmt::print("{}: an empty repository\n", options.repository);
}

void push(const Options& options) {
  Opened repository(options.repository, Use::write);
  const PushedImage pushed = push_file(*repository, options.file, options.ref, options.message);
  if (options.json) {
    return print({{"ref", options.ref},
                  {"commit", pushed.id().hex()},
                  {"pages_put", pushed.pages_put()},
                  {"bytes_put", pushed.bytes_put()}});
  }
  fmt::print("{} {}: {} put, {}\n", brief(pushed.id()), options.ref,
             count(pushed.pages_put(), "page", "pages"),
             size(static_cast<double>(pushed.bytes_put())));
}

void checkout(const Options& options) {
  Opened repository(options.repository, Use::read);
  const ImageId commit = got(repository->resolve(options.ref), options.ref);
  const std::uint64_t bytes = write_file(*repository, commit, options.file, options.force);
  if (options.json) {
    return print({{"commit", commit.hex()}, {"file", options.file}, {"bytes", bytes}});
  }
  fmt::print("{} {}: {}\n", brief(commit), options.file, size(static_cast<double>(bytes)));
}

void clone(const Options& options) {
  const Opened looked_at(options.from, Use::read);  // before a folder is made for what is not there
  make(options.repository);
  Opened to(options.repository, Use::write);
  fetch(*to, options);
}

void pull(const Options& options) {
  Opened to(options.repository, Use::write);
  fetch(*to, options);
}

void write_out(const Options& options) {
  Opened from(options.from, Use::read);
  const std::vector<std::string> names = wanted_refs(*from, options);
  write_layout(*from, names, options.file);
  if (options.json) return print({{"folder", options.file}, {"refs", names}});
  fmt::print("{}: an OCI layout of {}\n", options.file, count(names.size(), "ref", "refs"));
}

void refs(const Options& options) {
  Opened repository(options.repository, Use::read);
  Json all = Json::array();
  for (const ImageRef& ref : got(repository->refs(), options.repository)) {
    all.push_back(
        {{"ref", ref.name}, {"commit", ref.commit.hex()}, {"generation", ref.generation}});
    if (!options.json) fmt::print("{} {}\n", brief(ref.commit), ref.name);
  }
  if (options.json) print({{"refs", all}});
}

void log(const Options& options) {
  Opened repository(options.repository, Use::read);
  const ImageId tip = got(repository->resolve(options.ref), options.ref);
  Json all = Json::array();
  for (const ImageId& id : got(repository->history(tip, options.most), options.ref)) {
    const ImageRecord record = got(repository->record(id), id.hex());
    const char* kind = record.kind == ImageRecord::Kind::arena ? "arena" : "space";
    all.push_back({{"commit", id.hex()},
                   {"kind", kind},
                   {"pages", record.pages},
                   {"message", record.message},
                   {"leads_to", Json::array()}});
    for (const ImageModule& module : record.modules) {
      all.back()["leads_to"].push_back({{"name", module.name},
                                        {"build_id", module.build_id},
                                        {"base", module.base},
                                        {"size", module.size}});
    }
    if (options.json) continue;
    fmt::print("{}  {}, {}  {}\n", id.hex(), count(record.pages, "page", "pages"), kind,
               shown(record.message));
    for (const ImageModule& module : record.modules)
      fmt::print("    leads to {} at {:#x}\n", shown(module.name), module.base);
  }
  if (options.json) print({{"commits", all}});
}

void diff(const Options& options) {
  Opened repository(options.repository, Use::read);
  const ImageId a = got(repository->resolve(options.ref), options.ref);
  const ImageId b = got(repository->resolve(options.other), options.other);
  Json all = Json::array();
  std::uint64_t differing = 0;
  const auto differs = [&](PageRange range) {
    differing += range.pages();
    all.push_back({{"first_page", raw(range.first)}, {"pages", range.pages()}});
    if (!options.json) {
      fmt::print("{:#x}  {}\n", raw(range.first) * kPageSize,
                 size(static_cast<double>(range.pages() * kPageSize)));
    }
  };
  got(repository->diff(a, b, differs), options.repository);
  if (options.json) return print({{"pages", differing}, {"ranges", all}});
  fmt::print("{}\n", count(differing, "page differs", "pages differ"));
}

void forget(const Options& options) {
  Opened repository(options.repository, Use::write);
  got(repository->forget(options.ref), options.ref);
  if (options.json) return print({{"forgotten", options.ref}});
  fmt::print("{}: forgotten; `cleave image gc` removes what nothing else needs\n", options.ref);
}

void verify(const Options& options) {
  Opened repository(options.repository, Use::read);
  const VerifiedImages found = got(repository->verify(), options.repository);
  if (options.json) {
    print({{"packs", found.packs},
           {"objects", found.objects},
           {"commits", found.commits},
           {"problems", found.problems}});
  } else {
    for (const std::string& problem : found.problems) fmt::print("{}\n", shown(problem));
    fmt::print("{}, {}, {}: {}\n", count(found.packs, "pack", "packs"),
               count(found.objects, "object", "objects"), count(found.commits, "commit", "commits"),
               found.problems.empty() ? "PASS" : "FAIL");
  }
  if (!found.problems.empty()) throw console::Exit{1};
}

void gc(const Options& options) {
  Opened repository(options.repository, Use::write);
  CollectedImages sum;
  for (unsigned round = 0; round < options.rounds; ++round) {
    const CollectedImages did = got(repository->collect(), options.repository);
    sum.packs = did.packs;
    sum.candidates += did.candidates;
    sum.condemned += did.condemned;
    sum.removed += did.removed;
    sum.rewritten += did.rewritten;
  }
  if (options.json) {
    return print({{"packs", sum.packs},
                  {"candidates", sum.candidates},
                  {"condemned", sum.condemned},
                  {"removed", sum.removed},
                  {"rewritten", sum.rewritten}});
  }
  fmt::print("{} found last, {} condemned, {} removed, {} rewritten\n",
             count(sum.packs, "pack", "packs"), count(sum.condemned), count(sum.removed),
             count(sum.rewritten));
}

}  // namespace cleave::command::image
