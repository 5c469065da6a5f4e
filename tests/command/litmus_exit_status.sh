#!/usr/bin/env bash
# `cleave litmus` ends with 0 where all is as expected, with 1 where something is not, with 2 where it cannot start,
# with 3 where a search was cut off.
#   litmus_exit_status.sh <cleave>
set -uo pipefail
cleave=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

expect() { # <status> <text that is printed> <argument>...
  local status=$1 text=$2 printed
  shift 2
  printed=$("$cleave" litmus "$@" 2>&1)
  local is=$?
  if [[ $is != "$status" || $printed != *"$text"* ]]; then
    echo "cleave litmus $*: ended with $is, expected $status and \"$text\". It printed:"
    echo "$printed"
    failed=1
  fi
}

cat >"$folder/right.litmus" <<'TEST'
litmus right
"A process reads what it wrote."
page x
process P {
  write x 1
  read x -> r
}
always P:r = 1
TEST
sed 's/^always/forbidden/; s/right/wrong/' "$folder/right.litmus" >"$folder/wrong.litmus"
sed 's/write x 1/write z 1/' "$folder/right.litmus" >"$folder/unknown.litmus"
mkdir "$folder/empty"
{ printf '\xef\xbb\xbf'; cat "$folder/right.litmus"; } >"$folder/mark.litmus"
sed 's/A process/Un proc\xe9d\xe9/' "$folder/right.litmus" >"$folder/latin.litmus"
sed '/^}/d; s/^always/exists/' "$folder/right.litmus" >"$folder/open.litmus"
cat >"$folder/asks.litmus" <<'TEST'
litmus asks
"A device holds a page that is made read-only, and writable again."
page x = 1
process P {
  p = get x
  protect x ro
  protect x rw
  write x 2
  drop p
  fork C
}
process C from P {
}
exists copies(x) >= 1
TEST
cat >"$folder/beyond.litmus" <<'TEST'
litmus beyond
"A shared page is migrated."
page x = 1 shared
process P {
  migrate x
}
exists P:x = 1
TEST
cat >"$folder/large.litmus" <<'TEST'
litmus large
"Three processes write to all of a large folio."
folio x[16] = 1
process P {
  thread one {
    fork C
    repeat 4 { write x[0] 2 }
  }
  thread two {
    fork D
    repeat 4 { write x[1] 2 }
  }
}
process C from P {
  repeat 4 { write x[0] 5 }
}
process D from P {
  repeat 4 { write x[1] 5 }
}
exists C:x[0] = 2
TEST

expect 0 "all as expected" "$folder/right.litmus"
expect 0 "Observation right Always" "$folder/right.litmus" --rules E1
expect 0 "Always" "$folder/right.litmus" --rules E1 --search states --memory tso
expect 0 "Observation right Always" "$folder/right.litmus" --rules engine --memory ra
expect 0 "\"as_expected\": 2" "$folder/right.litmus" --rules A+B --json
expect 0 "as expected" "$folder/right.litmus" --rules A..C0 -v
expect 0 "runs" "$folder/right.litmus" --rules A..C0 -v --search random=3 --drop fork.seq
expect 1 "NOT as expected: never" "$folder/wrong.litmus" --rules A+B
expect 1 "NOT as expected: never" --rules A --rules B "$folder/wrong.litmus"
expect 1 "Replay: cleave litmus" "$folder/wrong.litmus" --rules A
expect 2 "unknown.litmus:5:9: there is no page z" "$folder/unknown.litmus"
expect 2 "there is no test here" "$folder/empty"
expect 2 "perhaps child-get-unmap?" chld-get-unmap
expect 2 "there is no rule-set \"ZZ\"" --rules ZZ
expect 2 "there is no search \"fast\"" --search fast
expect 2 "there is no fence or re-check \"x\"" --drop x
expect 2 "name the one test" --replay 1:sc::0:0
expect 2 "--replay:" "$folder/right.litmus" --rules A --replay nonsense
expect 0 "always P:r = 1" show "$folder/right.litmus"
expect 0 "reuse_small" rules
expect 1 "not noticed" mutate E1 "$folder/right.litmus"
# A change is noticed by what can be at the end, whatever a test expects.
expect 1 "E1,mprotect_upgrades=no  " mutate E1 "$folder/asks.litmus"
expect 3 "stopped after" "$folder/large.litmus" --rules E1 --time 0.05
expect 3 "signal and wait" "$folder/large.litmus" --rules E1 --time 0.05
expect 2 "the model moves anonymous pages alone" "$folder/beyond.litmus" --rules F
expect 0 "as expected" "$folder/mark.litmus" --rules A+B
expect 2 "the byte 0xe9 is no UTF-8" "$folder/latin.litmus"
expect 2 "is missing before \`exists\`" "$folder/open.litmus"
exit $failed
