// Verification: every byte of every pack, and every step from every ref to its last page.
#include "base/fail.h"
#include "image/state.h"

namespace cleave::detail::image {
namespace {

class Verification {
 public:
  Verification(RepositoryState& state, VerifiedImages& found) : state_(state), found_(found) {}

  void check_packs() {
    std::uint64_t done = 0;
    for (const auto& [pack, contents] : state_.catalog.packs()) {
      check_pack(pack, contents.size);
      state_.tell(++done, state_.catalog.packs().size());
    }
  }

  void check_ref(const std::string& name, const ImageId& commit) {
    commits_.push_back(commit);
    if (!met_.insert(commit).second) commits_.pop_back();
    while (!commits_.empty()) {
      const ImageId id = commits_.back();
      commits_.pop_back();
      check_commit(name, id);
    }
  }

 private:
  void problem(const std::string& text) { found_.problems.push_back(text); }

  void check_pack(const ImageId& pack, std::uint64_t size) {
    ++found_.packs;
    const auto bytes = state_.store->get(key_of_pack(pack), 0, size);
    if (!bytes) {
      problem("pack " + pack.hex() + ": " + bytes.error().message());
      return;
    }
    bool damaged = false;
    found_.objects += rebuild_index(*bytes, damaged).size();
    if (hash(*bytes) != pack)
      problem("pack " + pack.hex() + ": its bytes are not what it is named by");
    if (damaged) problem("pack " + pack.hex() + ": its index is not that of its frames");
  }

  void check_commit(const std::string& ref, const ImageId& id) {
    ++found_.commits;
    const auto record = state_.objects.commit(id);
    if (!record) {
      problem(ref + ": commit " + id.hex() + ": " + record.error().message());
      return;
    }
    for (const ImageId& parent : record->parents) {
      if (met_.insert(parent).second) commits_.push_back(parent);
    }
    if (record->height > 0) check_node(ref, id, record->root, record->height - 1);
  }

  void check_node(const std::string& ref, const ImageId& commit, const ImageId& id,
                  unsigned level) {
    if (!met_.insert(id).second) return;
    const auto node = state_.objects.node(id, level);
    if (!node) {
      problem(ref + ": commit " + commit.hex() + ": node " + id.hex() + ": " +
              node.error().message());
      return;
    }
    for (const ImageId& entry : node->entries) {
      if (entry.is_none()) continue;
      if (level > 0) {
        check_node(ref, commit, entry, level - 1);
      } else if (met_.insert(entry).second) {
        check_page(ref, commit, entry);
      }
    }
  }

  void check_page(const std::string& ref, const ImageId& commit, const ImageId& id) {
    const auto page = state_.objects.read(id);
    if (page && page->size() == kPageSize) return;
    problem(ref + ": commit " + commit.hex() + ": page " + id.hex() + ": " +
            (page ? std::string("it has not 4096 bytes") : page.error().message()));
  }

  RepositoryState& state_;
  VerifiedImages& found_;
  IdSet met_;
  std::vector<ImageId> commits_;
};

}  // namespace

Result<VerifiedImages> RepositoryState::verify() {
  const auto seen = look_at_all();
  if (!seen) return tl::unexpected(seen.error());
  VerifiedImages found;
  Verification verification(*this, found);
  verification.check_packs();
  for (const auto& [name, ref] : seen->root.refs) verification.check_ref(name, ref.commit);
  return found;
}

}  // namespace cleave::detail::image
