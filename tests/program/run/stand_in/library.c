/* A library that the stand-in loads while it runs. */
#include <signal.h>
#include <unistd.h>

int in_a_library = 1;

/* As libraries do that are not to be disturbed: with all signals blocked, it asks the kernel. */
__attribute__((constructor)) static void load_undisturbed(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  (void)getppid();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}
