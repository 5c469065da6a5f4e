// For a program that knows of `cleave run`: two functions that remember a moment of it and go back.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Both are there where `cleave run` has started the program, and null elsewhere: ask before each
   call, as in `if (cleave_run_commit) cleave_run_commit("before");`. Link nothing for them. */

/* Remembers this moment of the whole program, by `name` (null: by its number alone). Returns 0; or
   1, each time that the program comes back to this moment, by cleave_run_checkout() or from
   outside; or -1, and standard error has the sentence that says why not. Cost: as Arena::commit().
   The program's one thread. */
int cleave_run_commit(const char* name) __attribute__((weak));

/* Goes to the latest commit of that name, or of that number in digits, and does not return: the
   program goes on there. -1: there is none, or standard error has the sentence that says why not,
   and nothing has changed. Cost: as Arena::checkout(). The program's one thread. */
int cleave_run_checkout(const char* name) __attribute__((weak));

#ifdef __cplusplus
}
#endif
