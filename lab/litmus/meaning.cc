#include "lab/litmus/meaning.h"

#include "lab/litmus/vocabulary.h"

namespace lab::litmus {
namespace {

// Switches without a default: the compiler asks for what is missing.

std::string_view about(Word word) {
  switch (word) {
    case Word::write:
      return "store, with every fault that it takes; where the mapping forbids it, the process is "
             "killed";
    case Word::read:
      return "load into a register, with every fault that it takes";
    case Word::force:
      return "a write with FOLL_FORCE, as through /proc/pid/mem: also where the mapping is "
             "read-only";
    case Word::fork:
      return "the process begins, as a copy of this one";
    case Word::exit:
      return "this process ends: what it maps is unmapped; what others refer to stays";
    case Word::signal:
      return "the label is given, for good";
    case Word::wait:
      return "waits until the label is given; wait C.exit: until C has ended";
    case Word::get:
      return "takes a plain reference (FOLL_GET); fast tries without locks first, fast only does "
             "not fall back";
    case Word::pin:
      return "takes a pin (FOLL_PIN); long: for as long as its holder likes (FOLL_LONGTERM)";
    case Word::peek:
      return "looks through the reference: no page table is asked";
    case Word::poke:
      return "writes through the reference, as a device does";
    case Word::drop:
      return "gives the reference back";
    case Word::unmap:
      return "munmap";
    case Word::map:
      return "a fresh mapping there";
    case Word::discard:
      return "MADV_DONTNEED";
    case Word::free:
      return "MADV_FREE";
    case Word::protect:
      return "mprotect";
    case Word::dontfork:
      return "madvise: forks leave the page out";
    case Word::dofork:
      return "madvise: forks take the page again";
    case Word::wipeonfork:
      return "madvise: a fork gives the child zeroes";
    case Word::wp:
      return "userfaultfd write protection on";
    case Word::unwp:
      return "userfaultfd write protection off again";
    case Word::missing:
      return "userfaultfd is told of what is touched there and is not there: who does it waits";
    case Word::minor:
      return "userfaultfd is told of what a file has there and is not mapped: who touches it waits";
    case Word::serve:
      return "waits for a fault that userfaultfd tells of; then say unwp, or supply the page";
    case Word::uffd_copy:
      return "UFFDIO_COPY: a page of that value where none is";
    case Word::uffd_zeropage:
      return "UFFDIO_ZEROPAGE: the zero page where none is";
    case Word::uffd_continue:
      return "UFFDIO_CONTINUE: the file's page where none is mapped";
    case Word::clear_refs:
      return "soft-dirty tracking begins anew in the whole process";
    case Word::move:
      return "mremap: what was at the first is at the second";
    case Word::uffd_move:
      return "UFFDIO_MOVE";
    case Word::swapout:
      return "reclaim takes the page from all who map it; it may have to leave it";
    case Word::swapoff:
      return "swap is turned off: all that is in it comes back";
    case Word::writeback:
      return "the page is being written to its disk, from begin to end";
    case Word::merge:
      return "KSM: one page for both, if they are alike";
    case Word::unmerge:
      return "KSM gives the place a page of its own again";
    case Word::migrate:
      return "the contents move to another page";
    case Word::split:
      return "a large folio becomes small pages";
    case Word::split_pmd:
      return "a large folio is mapped page by page from now on";
    case Word::collapse:
      return "khugepaged: small pages become a large folio";
    case Word::lock:
      return "a thread outside the test holds the page lock from now on";
    case Word::unlock:
      return "the page lock is given back";
    case Word::lru:
      return "this CPU puts the page into its LRU batch, which holds a reference until it is "
             "drained";
    case Word::drain:
      return "this CPU's LRU batch is drained";
  }
  return "";
}

std::string_view about(PageKind kind) {
  switch (kind) {
    case PageKind::page:
      return "a small page";
    case PageKind::huge:
      return "a large folio of so many pages, mapped as one (by a PMD)";
    case PageKind::folio:
      return "a large folio whose pages are mapped one by one";
    case PageKind::hugetlb:
      return "a page of hugetlbfs";
  }
  return "";
}

std::string_view about(Attribute attribute) {
  switch (attribute) {
    case Attribute::zero:
      return "is the zero page, mapped read-only (its value is 0)";
    case Attribute::file:
      return "is a page of the page cache, mapped privately";
    case Attribute::shared:
      return "is mapped shared: no copy is ever made";
    case Attribute::ksm:
      return "is a KSM page";
    case Attribute::swapped:
      return "is in swap";
    case Attribute::readonly:
      return "is in a mapping without the right to write";
    case Attribute::unmapped:
      return "is not there yet: its address has no mapping";
    case Attribute::continued:
      return "(of a file) is mapped by UFFDIO_CONTINUE when it is read: read-only, and dirty";
  }
  return "";
}

std::string_view about(Swap swap) {
  switch (swap) {
    case Swap::ordinary:
      return "swap lies on an ordinary device";
    case Swap::synchronous:
      return "swap lies on a device as fast as memory: faults read it without the swap cache";
    case Swap::stable_writes:
      return "swap lies on a device whose pages must not change while they are written";
  }
  return "";
}

std::string_view about(Claim claim) {
  switch (claim) {
    case Claim::forbidden:
      return "claims that no run ends so";
    case Claim::exists:
      return "claims nothing: it is a question";
    case Claim::allowed:
      return "claims that some run ends so";
    case Claim::always:
      return "claims that every run ends so";
  }
  return "";
}

std::string_view about(AtomKind kind) {
  switch (kind) {
    case AtomKind::reg:
      return "the register r of C's thread main holds that; C.device:r names another thread";
    case AtomKind::content:
      return "C would read that at x";
    case AtomKind::coherent:
      return "the page behind the reference is still the one that its owner has there, or the "
             "owner has none";
    case AtomKind::same:
      return "both have the same page there";
    case AtomKind::pinned:
      return "the page there is pinned";
    case AtomKind::exclusive:
      return "the page there bears the mark that one process alone has it";
    case AtomKind::swapped:
      return "it is in swap";
    case AtomKind::mapped:
      return "it can be read";
    case AtomKind::protected_:
      return "the next write there asks userfaultfd";
    case AtomKind::softdirty:
      return "it was written since clear_refs, as the page table shows it";
    case AtomKind::copies:
      return "pages there were copied so often during the run; also =, != and >=";
    case AtomKind::killed:
      return "the process was killed";
  }
  return "";
}

std::string_view about(Memory memory) {
  switch (memory) {
    case Memory::sc:
      return "sequential consistency: what a thread stores is there for all at once";
    case Memory::tso:
      return "as on x86: stores wait in a buffer of their CPU";
    case Memory::ra:
      return "release and acquire, as on arm64";
  }
  return "";
}

std::string_view about(Verdict verdict) {
  switch (verdict) {
    case Verdict::never:
      return "no run that ends, ends so";
    case Verdict::sometimes:
      return "some runs end so, others not";
    case Verdict::always:
      return "every run ends so";
    case Verdict::hang:
      return "some run ends with threads that wait for ever";
    case Verdict::broken:
      return "some run breaks what must always hold: a page leaks, the check at unpin fails";
    case Verdict::none:
      return "the test means nothing there, and is not run";
  }
  return "";
}

std::string form(PageKind kind) {
  const bool large = kind == PageKind::huge || kind == PageKind::folio;
  return std::string(name(kind)) + (large ? " x[4] = NUMBER" : " x = NUMBER");
}

// The words that are no value of an enumeration: the parser's own.
const Meaning kHead[] = {
    {"litmus", "litmus NAME", "begins a test; by custom the name is the file's", Part::head},
    {"source", "source \"...\"", "where the case comes from: a report, a mail, a commit",
     Part::head},
    {"why", "why \"...\"", "why it ends as expected, in two sentences", Part::head},
};
const Meaning kSurroundings[] = {
    {"held", "held NUMBER", "has so many more references, held outside the test throughout",
     Part::attribute},
    {"swap", "swap ordinary|synchronous|stable_writes", "what swap lies on", Part::page},
    {"free_hugetlb", "free_hugetlb NUMBER", "so many huge pages of the pool are free; otherwise 1",
     Part::page},
};
const Meaning kProcesses[] = {
    {"process", "process NAME [from NAME] {", "a process with its statements, or its threads",
     Part::process},
    {"from", "process NAME from NAME {", "starts when the other forks it, as a copy of that",
     Part::process},
    {"thread", "thread NAME {", "a thread of a process that has several", Part::process},
    {"if", "if REGISTER = NUMBER {",
     "does the block if the register holds that; or !=", Part::process},
    {"repeat", "repeat NUMBER {", "does the block so often", Part::process},
};
const Meaning kWays[] = {
    {"fast", "get|pin PAGE fast [only]", "tries without locks first; only: and does not fall back",
     Part::way},
    {"only", "get|pin PAGE fast only", "without locks or not at all", Part::way},
    {"long", "pin PAGE long", "for as long as its holder likes (FOLL_LONGTERM)", Part::way},
    {"event", "fork PROCESS event", "userfaultfd is told, and goes on serving; also of move",
     Part::way},
    {"async", "wp PAGE async", "the kernel lets writes through by itself: no thread waits",
     Part::way},
    {"unpopulated", "wp PAGE unpopulated", "protects what is not there yet, too", Part::way},
    {"none", "protect PAGE none", "no access", Part::way},
    {"ro", "protect PAGE ro", "reading alone", Part::way},
    {"rw", "protect PAGE rw", "reading and writing", Part::way},
    {"begin", "writeback PAGE begin", "the page goes to its disk from here on", Part::way},
    {"end", "writeback PAGE end", "the page is on its disk", Part::way},
};
const Meaning kExpected[] = {
    {"expect", "expect [tso|ra] JUDGES: VERDICT; ...",
     "what judges are expected to say: E1, C0..F, E1,knob=value, E1,drop=NAME, kernel", Part::head},
    {"reach", "reach LABEL [under JUDGES]",
     "some run must come by the statement of that name, else the test shows nothing", Part::head},
    {"under", "reach LABEL under JUDGES", "under these judges alone", Part::head},
};

std::string form(AtomKind kind) {
  switch (kind) {
    case AtomKind::reg:
      return "C:r = NUMBER";
    case AtomKind::content:
      return "C:x = NUMBER";
    case AtomKind::coherent:
      return "coherent(p)";
    case AtomKind::same:
      return "same(P:x, C:x)";
    case AtomKind::pinned:
      return "pinned(P:x)";
    case AtomKind::exclusive:
      return "exclusive(P:x)";
    case AtomKind::swapped:
      return "swapped(P:x)";
    case AtomKind::mapped:
      return "mapped(P:x)";
    case AtomKind::protected_:
      return "wp(P:x)";
    case AtomKind::softdirty:
      return "softdirty(P:x)";
    case AtomKind::copies:
      return "copies(x) <= NUMBER";
    case AtomKind::killed:
      return "killed(P)";
  }
  return "";
}

template <typename Enum>
void add_all(std::vector<Meaning>& all, Enum last, Part part) {
  for (unsigned i = 0; i <= static_cast<unsigned>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    const std::string word(name(value));
    all.push_back({word, word, std::string(about(value)), part});
  }
}

void add_all(std::vector<Meaning>& all, std::span<const Meaning> meanings) {
  all.insert(all.end(), meanings.begin(), meanings.end());
}

}  // namespace

std::vector<Meaning> meanings() {
  std::vector<Meaning> all;
  add_all(all, kHead);
  add_all(all, PageKind::hugetlb, Part::page);
  for (Meaning& page : std::span(all).subspan(std::size(kHead)))
    page.form = form(*value_of(page.name, PageKind::hugetlb));
  add_all(all, Attribute::continued, Part::attribute);
  add_all(all, kSurroundings);
  add_all(all, Swap::stable_writes, Part::attribute);
  add_all(all, kProcesses);
  for (const Syntax& word : vocabulary())
    all.push_back(
        {std::string(word.name), form(word), std::string(about(word.word)), Part::statement});
  add_all(all, kWays);
  add_all(all, Claim::always, Part::claim);
  for (unsigned i = static_cast<unsigned>(AtomKind::coherent);
       i <= static_cast<unsigned>(AtomKind::killed); ++i) {
    const auto kind = static_cast<AtomKind>(i);
    const std::string text = form(kind);
    all.push_back(
        {text.substr(0, text.find('(')), text, std::string(about(kind)), Part::condition});
  }
  add_all(all, kExpected);
  add_all(all, Memory::ra, Part::verdict);
  add_all(all, Verdict::none, Part::verdict);
  return all;
}

std::string_view name(Part part) {
  static constexpr std::string_view names[] = {"head", "page",  "attribute", "process", "statement",
                                               "way",  "claim", "condition", "verdict"};
  return names[static_cast<std::size_t>(part)];
}

}  // namespace lab::litmus
