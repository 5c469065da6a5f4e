/* A library that the stand-in loads while it runs. */
int in_a_library = 1;
