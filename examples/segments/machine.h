// A small machine, as emulators are that come as a library: its state lies in what it was given as
// memory, but also in variables of the library's own.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Its memory is the caller's.
void machine_start(unsigned char* memory, size_t size);
// One frame: reads and writes all of its state.
void machine_frame(void);
// What is to be seen of the state.
unsigned long long machine_picture(void);
// A variable of the calling thread, which lies in none of the library's segments.
void* machine_thread_state(size_t* size);

#ifdef __cplusplus
}
#endif
