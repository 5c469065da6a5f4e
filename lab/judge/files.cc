#include "lab/judge/files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "lab/judge/expected.h"
#include "lab/judge/plan.h"
#include "lab/litmus/parse/lexer.h"
#include "lab/litmus/parse/parse.h"

namespace lab::judge {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".litmus";

std::vector<fs::path> below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto each = fs::recursive_directory_iterator(folder, error);
       !error && each != fs::recursive_directory_iterator(); each.increment(error))
    if (each->path().extension() == kSuffix && each->is_regular_file())
      files.push_back(each->path());
  return files;
}

class Loader {
 public:
  explicit Loader(fs::path catalogue) : catalogue_(std::move(catalogue)) {}

  void find(const std::string& name) {
    std::error_code error;
    if (fs::is_directory(name, error)) return add(name, below(name));
    if (fs::exists(name, error)) return void(paths_.insert(name));
    if (fs::is_directory(catalogue_ / name, error)) return add(name, below(catalogue_ / name));
    std::vector<fs::path> same;
    std::vector<std::string> known;
    for (const fs::path& path : below(catalogue_)) {
      known.push_back(path.stem().string());
      if (path.stem() == name || fs::relative(path, catalogue_) == name + kSuffix)
        same.push_back(path);
    }
    if (!same.empty()) return add(name, same);
    const std::string near = litmus::nearest(name, known);
    errors_ += fmt::format("{}: there is no such file or folder, and no such test in {}\n  {}\n",
                           name, catalogue_.string(),
                           near.empty() ? "`cleave litmus` alone runs all tests that there are"
                                        : fmt::format("perhaps {}?", near));
  }

  void find_all() { add(catalogue_.string(), below(catalogue_)); }

  tl::expected<TestFiles, std::string> load() {
    TestFiles files;
    for (const fs::path& path : paths_) read(path, files);
    if (!errors_.empty()) return tl::unexpected(std::move(errors_));
    return files;
  }

 private:
  void add(const std::string& name, const std::vector<fs::path>& files) {
    if (files.empty())
      errors_ += fmt::format("{}: there is no test here: no *{} at all\n", name, kSuffix);
    paths_.insert(files.begin(), files.end());
  }

  // Relative, and as a test of the catalogue where it is one: what is printed, and sent to others,
  // does not show where this machine keeps its files.
  [[nodiscard]] std::string as_said(const fs::path& path) const {
    std::error_code error;
    const fs::path in_catalogue = fs::relative(path, catalogue_, error);
    if (!error && !in_catalogue.empty() && *in_catalogue.begin() != "..")
      return fs::path(in_catalogue).replace_extension().generic_string();
    const fs::path from_here = fs::relative(path, error);
    return error || from_here.empty() ? path.string() : from_here.generic_string();
  }

  void read(const fs::path& path, TestFiles& files) {
    std::ifstream stream(path, std::ios::binary);
    // One byte more than may be, so that parse() sees that it is too much.
    std::string text(litmus::kLargestFile + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (stream.bad() || (text.empty() && !stream.eof())) {
      errors_ += fmt::format("{}: cannot be read\n", path.string());
      return;
    }
    auto test = judge::read(text);
    if (!test) {
      for (const litmus::Diagnostic& fault : test.error())
        errors_ += litmus::describe(fault, path.string(), text);
      return;
    }
    const std::string folder = path.parent_path().filename().string();
    const std::string name = path.stem().string();
    files.push_back(std::make_unique<TestFile>(TestFile{path.string(), as_said(path),
                                                        folder.empty() ? name : folder + '/' + name,
                                                        std::move(*test)}));
  }

  fs::path catalogue_;
  std::set<fs::path> paths_;
  std::string errors_;
};

}  // namespace

tl::expected<litmus::Test, std::vector<litmus::Diagnostic>> read(std::string_view text) {
  auto test = litmus::parse(text);
  if (!test) return test;
  std::vector<litmus::Diagnostic> faults = check_judges(*test);
  if (const auto planned = plan(*test); !planned) faults.push_back(planned.error());
  if (!faults.empty()) return tl::unexpected(std::move(faults));
  return test;
}

tl::expected<TestFiles, std::string> load(const std::vector<std::string>& names,
                                          const std::string& catalogue) {
  Loader loader(catalogue);
  if (names.empty()) loader.find_all();
  for (const std::string& name : names) loader.find(name);
  return loader.load();
}

}  // namespace lab::judge
