#include "lab/model/fences.h"

namespace lab::model {

const std::vector<Fence>& fences() {
  static const std::vector<Fence> all = {
      {"fault.look_again",
       "a write fault that copied looks at the entry again before it changes it"},
      {"swapin.look_again",
       "a fault that read from swap looks at the entry again before it changes it"},
      {"gup.look_again", "a lockless reference looks at the entry again when it has counted"},
      {"gup.seq_again", "a lockless pin looks at the fork sequence again when it has counted"},
      {"gup.mark_again",
       "a lockless reference to a read-only entry looks at the page when it has counted"},
      {"fork.seq", "a fork's sequence is seen to be odd before it asks for pins"},
      {"fork.wait", "a fork waits for lockless pins that were under way (fork_seq=sections)"},
      {"share.clear",
       "an entry is seen to be gone before reclaim, migration, KSM and UFFDIO_MOVE ask for pins"},
      {"hugetlb.one_fault",
       "a fault of a hugetlb page waits while another of the same is under way"},
      {"lazyfree.clear",
       "an entry is seen to be gone before reclaim counts the references of a lazily freed page"},
  };
  return all;
}

}  // namespace lab::model
