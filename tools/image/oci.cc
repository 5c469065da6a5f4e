#include "tools/image/oci.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include "tools/image/failure.h"

namespace cleave::command::image {
namespace {

namespace files = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kIndex = "application/vnd.oci.image.index.v1+json";
constexpr const char* kImage = "application/vnd.cleave.image.v1";
constexpr const char* kRoot = "application/vnd.cleave.image.root.v1";
constexpr const char* kPack = "application/vnd.cleave.image.pack.v1";
constexpr std::string_view kDigest = "sha256:";
constexpr std::uintmax_t kMostJson = std::uintmax_t{64} << 20;

std::string sha256(std::string_view bytes) {
  ImageId id;
  auto* const to = reinterpret_cast<unsigned char*>(id.bytes.data());
  if (EVP_Digest(bytes.data(), bytes.size(), to, nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  return id.hex();
}

void write_whole(const files::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out << bytes << std::flush;
  if (!out) fail(path, "it could not be written; make room, or name another place");
}

Json descriptor(const char* type, const std::string& hex, std::uintmax_t size) {
  return {{"mediaType", type}, {"digest", std::string(kDigest) + hex}, {"size", size}};
}

// A folder beside the one that it becomes, removed unless it did.
class NewFolder {
 public:
  explicit NewFolder(const std::string& path) : path_(path), name_(path + ".XXXXXX") {
    if (mkdtemp(name_.data()) == nullptr) {
      fail_with_errno(path, "name a folder where you may make one");
    }
  }
  ~NewFolder() {
    std::error_code ignored;
    if (!name_.empty()) files::remove_all(name_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  [[nodiscard]] files::path path() const { return name_; }
  void give_its_name() {
    files::permissions(name_, files::perms(0755));
    const int folder = open(name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_synced = folder >= 0 && syncfs(folder) == 0;
    if (folder >= 0) (void)close(folder);
    if (!is_synced) fail_with_errno(path_, "nothing was left there");
    if (renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
      fail_with_errno(path_, "name a folder that is not there yet");
    }
    name_.clear();
  }

 private:
  std::string path_;
  std::string name_;
};

// A repository of its own with those refs: its packs hold what they need, and no more.
std::string repository_with(Repository& from, const std::vector<std::string>& refs,
                            const files::path& folder) {
  files::create_directory(folder);
  Repository only = got(Repository::create(got(directory_store(folder), folder)), folder);
  for (const std::string& ref : refs) got(only.fetch(from, ref), ref);
  const auto root = got(got(directory_store(folder), folder)->cell("root"), folder);
  return {reinterpret_cast<const char*>(root.bytes.data()), root.bytes.size()};
}

Json json_of(const files::path& path) {
  std::error_code failed;
  const std::uintmax_t size = files::file_size(path, failed);
  if (failed || size > kMostJson) fail(path, "it is not there, or too large; name an OCI layout");
  std::ifstream in(path, std::ios::binary);
  return Json::parse(in);
}

// Nothing that a layout says becomes a path but a digest.
std::string hex_of(const Json& descriptor) {
  const auto digest = descriptor.at("digest").get<std::string>();
  if (digest.starts_with(kDigest) &&
      ImageId::parse(std::string_view(digest).substr(kDigest.size()))) {
    return digest.substr(kDigest.size());
  }
  throw std::runtime_error("a digest of an OCI layout is sha256: and 64 digits");
}

class LayoutStore final : public ImageStore {
 public:
  LayoutStore(files::path blobs, std::string root, std::vector<Item> packs)
      : blobs_(std::move(blobs)), root_(std::move(root)), packs_(std::move(packs)) {}

  Result<bool> put(std::string_view, std::span<const std::byte>) override { return only_read(); }
  Result<std::vector<std::byte>> get(std::string_view key, std::uint64_t offset,
                                     std::uint64_t size) override {
    const auto pack = ImageId::parse(key.substr(key.rfind('/') + 1));
    std::ifstream in(blobs_ / (pack ? pack->hex() : "none"), std::ios::binary);
    std::vector<std::byte> bytes(size);
    in.seekg(static_cast<std::streamoff>(offset));
    if (in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
      return bytes;
    }
    return tl::unexpected<Error>(
        {Errc::not_mapped, "a blob of the OCI layout is not there, or shorter than it has to be"});
  }
  Result<std::vector<Item>> list(std::string_view) override { return packs_; }
  Result<void> remove(std::string_view) override { return only_read(); }
  Result<Cell> cell(std::string_view) override {
    const auto bytes = std::as_bytes(std::span(root_));
    return Cell{1, {bytes.begin(), bytes.end()}};
  }
  Result<bool> swap(std::string_view, std::uint64_t, std::span<const std::byte>) override {
    return only_read();
  }

 private:
  static tl::unexpected<Error> only_read() {
    return tl::unexpected<Error>({Errc::not_permitted, "an OCI layout can only be read"});
  }

  files::path blobs_;
  std::string root_;
  std::vector<Item> packs_;
};

}  // namespace

void write_layout(Repository& from, const std::vector<std::string>& refs,
                  const std::string& folder) {
  NewFolder made(folder);
  const files::path store = made.path() / "store";
  const std::string root = repository_with(from, refs, store);
  const files::path blobs = made.path() / "blobs" / "sha256";
  files::create_directories(blobs);
  const auto add = [&](const char* type, const std::string& bytes) {
    const std::string hex = sha256(bytes);
    write_whole(blobs / hex, bytes);
    return descriptor(type, hex, bytes.size());
  };
  Json layers = Json::array();
  for (const auto& pack : files::directory_iterator(store / "packs")) {
    const std::string hex = pack.path().filename();
    layers.push_back(descriptor(kPack, hex, pack.file_size()));
    files::rename(pack.path(), blobs / hex);
  }
  files::remove_all(store);
  const Json manifest{{"schemaVersion", 2},
                      {"mediaType", kManifest},
                      {"artifactType", kImage},
                      {"config", add(kRoot, root)},
                      {"layers", std::move(layers)}};
  const Json index{{"schemaVersion", 2},
                   {"mediaType", kIndex},
                   {"manifests", Json::array({add(kManifest, manifest.dump())})}};
  write_whole(made.path() / "index.json", index.dump());
  write_whole(made.path() / "oci-layout", Json{{"imageLayoutVersion", "1.0.0"}}.dump());
  made.give_its_name();
}

std::unique_ptr<ImageStore> layout_at(const std::string& folder) try {
  const files::path blobs = files::path(folder) / "blobs" / "sha256";
  const Json index = json_of(files::path(folder) / "index.json");
  const Json manifest = json_of(blobs / hex_of(index.at("manifests").at(0)));
  const Json& config = manifest.at("config");
  if (config.at("mediaType") != kRoot) fail(folder, "it is an OCI layout of something else");
  const files::path root_file = blobs / hex_of(config);
  if (files::file_size(root_file) > kMostJson) fail(folder, "its root is too large");
  std::ifstream in(root_file, std::ios::binary);
  std::string root{std::istreambuf_iterator<char>(in), {}};
  std::vector<ImageStore::Item> packs;
  for (const Json& layer : manifest.at("layers")) {
    packs.push_back({"packs/" + hex_of(layer), layer.at("size").get<std::uint64_t>()});
  }
  return std::make_unique<LayoutStore>(blobs, std::move(root), std::move(packs));
} catch (const Json::exception&) {
  fail(folder, "it is no OCI layout that `cleave image export` wrote");
}

}  // namespace cleave::command::image
