// `cleave image`: repositories of commits.
#include <optional>

#include "tools/console/program.h"
#include "tools/image/commands.h"

namespace cleave::command::image {
namespace {

class Parser {
 public:
  Parser(CLI::App& app, Options& options) : app_(app), options_(options) {}

  CLI::App& add(const char* name, const char* what, void (*run)(const Options&)) {
    CLI::App* made = app_.add_subcommand(name, what);
    made->add_flag("--json", options_.json, "Print one JSON object");
    made->callback([this, run] { run(options_); });
    return *made;
  }
  void repository(
      CLI::App& to,
      const char* what = "The repository: a folder, s3://BUCKET/PREFIX or rados://POOL/NAMESPACE") {
    to.add_option("REPOSITORY", options_.repository, what)->required();
  }
  void ref(CLI::App& to, const char* what = "A ref, or a commit's id") {
    to.add_option("REF", options_.ref, what)->required();
  }

 private:
  CLI::App& app_;
  Options& options_;
};

void add_files(Parser& parser, Options& options) {
  CLI::App& pushed = parser.add("push", "Make what a file holds a commit", push);
  parser.repository(pushed);
  parser.ref(pushed, "The ref that names it then, as warm or farm/7");
  pushed.add_option("FILE", options.file, "Any file; an SQLite database that is closed")
      ->required();
  pushed.add_option("-m,--message", options.message, "One line for people")->type_name("TEXT");

  CLI::App& out = parser.add("checkout", "Write a commit to a file", checkout);
  parser.repository(out);
  parser.ref(out);
  out.add_option("FILE", options.file, "The file; it is whole, or not there")->required();
  out.add_flag("--force", options.force, "Replace a file that is there");

  CLI::App& asked = parser.add(
      "query", "Ask a database where it lies: only the pages that are needed come", query);
  parser.repository(asked);
  parser.ref(asked);
  asked.add_option_function<std::string>(
      "SQL", [&options](const std::string& sql) { options.sql = sql; },
      "Statements; by default those of standard input");
  asked.add_option("--memory", options.memory_mib, "For pages that come, in MiB")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 20))
      ->capture_default_str();
}

void add_travel(Parser& parser, Options& options) {
  CLI::App& cloned = parser.add("clone", "Make a repository of another's refs", clone);
  cloned.add_option("FROM", options.from, "The other repository")->required();
  parser.repository(cloned, "The new one");

  CLI::App& pulled = parser.add("pull", "Fetch refs of another repository", pull);
  parser.repository(pulled);
  pulled.add_option("FROM", options.from, "The other repository")->required();
  pulled.add_option("REF", options.refs, "The refs; by default all");
  pulled.add_flag("--force", options.force, "Let go of commits that are here only");

  CLI::App& out =
      parser.add("export", "Write refs as an OCI image layout, which registries carry", write_out);
  out.add_option("FROM", options.from, "The repository")->required();
  out.add_option("FOLDER", options.file, "A new folder; pull reads it as oci:FOLDER")->required();
  out.add_option("REF", options.refs, "The refs; by default all");
}

void add_looks(Parser& parser, Options& options) {
  parser.repository(parser.add("refs", "List the refs", refs));

  CLI::App& logged = parser.add("log", "List a commit and those that it continues", log);
  parser.repository(logged);
  parser.ref(logged);
  logged.add_option("--most", options.most, "How many at most")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();

  CLI::App& differ = parser.add("diff", "List where two commits differ", diff);
  parser.repository(differ);
  parser.ref(differ);
  differ.add_option("OTHER", options.other, "Another ref or id")->required();
}

void add_care(Parser& parser, Options& options) {
  parser.repository(parser.add(
      "verify", "Read every byte, and name what is wrong; status 1: something is", verify));

  CLI::App& forgotten = parser.add("forget", "Take a ref away", forget);
  parser.repository(forgotten);
  parser.ref(forgotten, "The ref");

  CLI::App& collected =
      parser.add("gc", "Remove what no ref leads to; safe beside pushes and pulls", gc);
  parser.repository(collected);
  collected
      .add_option("--rounds", options.rounds, "Rounds; the third removes what the first found")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
}

}  // namespace
}  // namespace cleave::command::image

// NOLINTNEXTLINE(bugprone-exception-escape): run_program() catches what its callbacks throw.
int main(int argc, char** argv) {
  namespace image = cleave::command::image;
  image::Options options;
  std::optional<image::Parser> parser;
  return cleave::console::run_program(
      "cleave image", "Keep commits beyond their process: push, clone, check out, verify",
      [&](CLI::App& app) {
        parser.emplace(app, options);
        app.require_subcommand(1);
        parser->repository(parser->add("init", "Make an empty repository", image::init),
                           "Where: a folder, which is made if it is not there, s3://BUCKET/PREFIX "
                           "or rados://POOL/NAMESPACE");
        image::add_files(*parser, options);
        image::add_travel(*parser, options);
        image::add_looks(*parser, options);
        image::add_care(*parser, options);
      },
      argc, argv);
}
