// The k-th system call of a program under commits refused, by each errno that it may have.
//   refused_program <libcleave-run.so> <program> [<tries>]
// As many tries for each errno, spread over the calls; without a number, one for the first. With
// /bin/echo, the start: it runs as ever, or is not started, with a sentence that says why. With
// cleave_goes_to_and_fro, commits and checkouts too: what is refused has changed nothing, and is
// done when it is asked for once more.
#include "tests/program/run/refused_campaign.h"

int main(int count, char** words) {
  if (count < 3) return 2;
  (void)std::setvbuf(stdout, nullptr, _IOLBF, 0);
  cleave::detail::RefusedCampaign campaign(words[1], words[2]);
  return campaign.run(count > 3 ? std::strtoull(words[3], nullptr, 10) : 0);
}
