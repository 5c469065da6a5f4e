-- A fork against threads that pin without a lock: bench/fork_against_pin.h in Murphi, for one page.
--
--   rumur --deadlock-detection off --output model.c fork_against_pin.m
--   cc -O2 -march=native -o model model.c -lpthread -latomic && ./model
--
-- Each access to what is shared is a rule. Pinners are a scalarset: states that differ by their names alone are one.
const PINNERS: 4;

type
  Pinner: scalarset(PINNERS);
  Sequence: 0..2;
  PinAt: enum { read_sequence, read_entry, add, read_entry_again, read_sequence_again, take_back, ended };
  ForkAt: enum { make_odd, is_pinned, one_more, protect, make_even, forked };

var
  sequence: Sequence;
  writable: boolean;
  pins: 0..PINNERS;
  owners: 1..2;
  shared: boolean;
  fork_at: ForkAt;
  at: array[Pinner] of PinAt;
  before: array[Pinner] of Sequence;
  kept: array[Pinner] of boolean;

startstate begin
  sequence := 0;
  writable := true;
  pins := 0;
  owners := 1;
  shared := false;
  fork_at := make_odd;
  for p: Pinner do
    at[p] := read_sequence;
    before[p] := 0;
    kept[p] := false;
  end;
end;

rule "make the count odd" fork_at = make_odd ==> begin sequence := 1; fork_at := is_pinned; end;
rule "is it pinned?" fork_at = is_pinned ==> begin
  if pins > 0 then fork_at := make_even; else fork_at := one_more; end;
end;
rule "one more owner" fork_at = one_more ==> begin owners := 2; fork_at := protect; end;
rule "write-protect" fork_at = protect ==> begin
  writable := false;
  shared := true;
  fork_at := make_even;
end;
rule "make the count even" fork_at = make_even ==> begin sequence := 2; fork_at := forked; end;

ruleset p: Pinner do
  rule "read the sequence" at[p] = read_sequence ==> begin
    before[p] := sequence;
    if sequence = 1 then at[p] := ended; else at[p] := read_entry; end;
  end;
  rule "read the entry" at[p] = read_entry ==> begin
    if writable then at[p] := add; else at[p] := ended; end;
  end;
  rule "pin" at[p] = add ==> begin pins := pins + 1; at[p] := read_entry_again; end;
  rule "read the entry again" at[p] = read_entry_again ==> begin
    if writable then at[p] := read_sequence_again; else at[p] := take_back; end;
  end;
  rule "read the sequence again" at[p] = read_sequence_again ==> begin
    if sequence = before[p] then kept[p] := true; at[p] := ended; else at[p] := take_back; end;
  end;
  rule "take the pin back" at[p] = take_back ==> begin pins := pins - 1; at[p] := ended; end;
end;

invariant "no pin is lost"
  fork_at = forked & shared -> forall p: Pinner do !kept[p] end;
