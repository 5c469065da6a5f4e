/* A fork against threads that pin without a lock: bench/fork_against_pin.h in Promela.
 *
 *   spin -DPINNERS=4 -DPAGES=1 -a fork_against_pin.pml && cc -O2 -DSAFETY -DNOCLAIM -o pan pan.c && ./pan
 *
 * Each access to what is shared is a step. Sequential consistency, as always in Promela. */
#ifndef PINNERS
#define PINNERS 1
#endif
#ifndef PAGES
#define PAGES 1
#endif
#define PIN 16

byte sequence = 0;
byte count[PAGES] = 1;
bit writable[PAGES] = 1;
bit shared[PAGES];  /* written by the forker, read at the end */
bit kept[PINNERS];  /* written by its pinner, read at the end */

proctype forker() {
  byte page = 0;
  sequence = 1;
  do
  :: page < PAGES ->
     if
     :: count[page] >= PIN
     :: else ->
        count[page] = count[page] + 1;
        d_step { writable[page] = 0; shared[page] = 1 }
     fi;
     page++
  :: else -> break
  od;
  sequence = 2
}

proctype pinner(byte me) {
  byte before;
  byte page = me % PAGES;
  before = sequence;
  if
  :: before % 2 == 1 -> goto done
  :: else
  fi;
  if
  :: writable[page] == 0 -> goto done
  :: else
  fi;
  count[page] = count[page] + PIN;
  if
  :: writable[page] == 1 ->
     if
     :: d_step { sequence == before -> kept[me] = 1 }; goto done
     :: else
     fi
  :: else
  fi;
  count[page] = count[page] - PIN;
done:
  skip
}

init {
  byte i;
  atomic {
    run forker();
    i = 0;
    do
    :: i < PINNERS -> run pinner(i); i++
    :: else -> break
    od
  }
  d_step {
    _nr_pr == 1;
    i = 0;
    do
    :: i < PINNERS -> assert(!(kept[i] && shared[i % PAGES])); i++
    :: else -> break
    od
  }
}
