/* A program that `cleave run` is tried with where no interpreter is at hand: it has state of every
   kind, and says on request what it holds. One command a line; each answer is a line. */
#ifndef CLEAVE_TESTS_STAND_IN_H
#define CLEAVE_TESTS_STAND_IN_H

#include <stddef.h>

/* A file that is read byte by byte. */
extern int file;
extern const char* path_of_file;

/* Prints the word, the result, and the name of errno where that is below zero. */
void say(const char* what, long result);

/* Loads a library whose variable takes part in the state. */
void load(const char* path);

/* Each obeys lines of its kind, and leaves others alone. */
void obey_memory(const char* line);
void obey_signals(const char* line);
void obey_files(const char* line);
void obey_kept(const char* line);
void obey_processes(const char* line);
void obey_raw(const char* line);

/* System calls past all functions that could be replaced. */
long raw_call(long number, long a, long b, long c);
long raw_map(size_t bytes);

#endif
