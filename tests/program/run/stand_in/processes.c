/* Threads, children and other programs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include "stand_in.h"

static void* in_thread(void* with) { return with; }
static int in_clone(void* with) { return with != NULL; }
static unsigned char stack_of_clone[4096] __attribute__((aligned(16)));

static int in_c_thread(void* with) { return with != NULL; }

static void spawn(void) {
  char* words[] = {"/bin/true", NULL};
  pid_t child = 0;
  int status = posix_spawn(&child, words[0], NULL, NULL, words, NULL);
  if (status == 0 && waitpid(child, &status, 0) < 0) status = errno;
  printf("spawn %d\n", status);
}

void obey_processes(const char* line) {
  pthread_t thread;
  if (strcmp(line, "thread of C") == 0) {
    thrd_t made;
    say("thread", -thrd_create(&made, in_c_thread, NULL));
  }
  if (strcmp(line, "thread") == 0) say("thread", -pthread_create(&thread, NULL, in_thread, NULL));
  if (strcmp(line, "fork") == 0) say("fork", fork());
  if (strcmp(line, "vfork") == 0) say("vfork", vfork());
  if (strcmp(line, "clone") == 0)
    say("clone", clone(in_clone, stack_of_clone + sizeof stack_of_clone, CLONE_VM, NULL));
  if (strcmp(line, "clone by number") == 0) say("clone", syscall(SYS_clone, 0, 0, 0, 0, 0));
  if (strcmp(line, "spawn") == 0) spawn();
  if (strcmp(line, "exec") == 0) execl("/bin/echo", "echo", "another", "program", NULL);
  if (strcmp(line, "exec by number") == 0) {
    char* words[] = {"echo", "another", "program", NULL};
    syscall(SYS_execve, "/bin/echo", words, NULL);
  }
  if (strcmp(line, "exec in a folder") == 0) {
    char* words[] = {"echo", "another", "program", NULL};
    syscall(SYS_execveat, open("/bin", O_RDONLY), "echo", words, NULL, 0L);
  }
  if (strcmp(line, "exec of nothing by number") == 0) {
    char* words[] = {"no", NULL};
    say("exec", syscall(SYS_execve, "/no/such", words, NULL));
  }
  if (strcmp(line, "exec of nothing") == 0) say("exec", execlp("/no/such", "no", NULL));
}
