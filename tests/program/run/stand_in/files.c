/* Files: locks, descriptors, all of them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stand_in.h"

static int opened_again = -1;

static void lock(void) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  say("lock", fcntl(file, F_SETLK, &lock));
}

static int at_limit[4096];
static int at_limit_count;

static void use_all_descriptors(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur > 2048) limit.rlim_cur = 2048;
  setrlimit(RLIMIT_NOFILE, &limit);
  while (at_limit_count < 4096 && (at_limit[at_limit_count] = dup(STDIN_FILENO)) >= 0)
    ++at_limit_count;
  printf("used %d\n", at_limit_count < 4096);
}
static void give_descriptors_back(void) {
  while (at_limit_count > 0) close(at_limit[--at_limit_count]);
  puts("given back");
}

void obey_files(const char* line) {
  if (strcmp(line, "posix lock") == 0) lock();
  if (strcmp(line, "open again") == 0) {
    opened_again = open(path_of_file, O_RDONLY);
    say("opened", opened_again < 0 ? -1 : 0);
  }
  if (strcmp(line, "close again") == 0) say("close", close(opened_again));
  if (strcmp(line, "use all") == 0) use_all_descriptors();
  if (strcmp(line, "give back") == 0) give_descriptors_back();
  if (strcmp(line, "close") == 0) say("close", close(file));
  if (strcmp(line, "close all") == 0) say("close", close_range(10, ~0U, 0));
  if (strcmp(line, "close each") == 0) {
    for (int number = 10; number < 2000; ++number) (void)close(number);
    puts("closed");
  }
  if (strcmp(line, "pipe") == 0) {
    int ends[2];
    say("pipe", pipe(ends));
  }
}
