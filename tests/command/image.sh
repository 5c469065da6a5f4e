#!/usr/bin/env bash
# `cleave image` as docs/howto/images.md shows it: a database is pushed, cloned and queried elsewhere; and what the
# command says of what it cannot do.
#   image.sh <cleave>
set -uo pipefail
cleave=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failed=0

complain() { echo "$*"; failed=1; }
image() { "$cleave" image "$@" || complain "cleave image $*: ended with $?"; }
expect() { # <status> <text that is printed> <argument>...
  local status=$1 text=$2 printed is
  shift 2
  printed=$("$cleave" image "$@" 2>&1 </dev/null)
  is=$?
  [[ $is == "$status" && $printed == *"$text"* ]] ||
    complain "cleave image $*: ended with $is, expected $status and \"$text\". It printed: $printed"
}

printf 'CREATE TABLE t(x);\nINSERT INTO t VALUES (7);\n.save one.db\nUPDATE t SET x = 8;\n.save two.db\n' |
  "$cleave" sqlite || complain "no databases"
image init store >said
image push store warm one.db -m "one row" >>said
expect 0 "1 pack, 4 objects, 1 commit: PASS" verify store
image push store warm two.db >>said
image clone store copy >>said
image checkout copy warm out.db >>said
cmp two.db out.db || complain "another database came out"
[[ $(echo 'SELECT x FROM t;' | "$cleave" sqlite out.db) == *8* ]] || complain "the row is not 8"

expect 0 "one row" log store warm
first=$("$cleave" image log store warm | tail -1 | cut -d' ' -f1)
expect 0 "page" diff store "$first" warm
image checkout store "$first" first.db >>said
cmp one.db first.db || complain "the first commit is not the first database"
expect 0 "PASS" verify copy

# Asked where it lies: of a large database only what the query needs comes.
expect 0 "8" query store warm 'SELECT x FROM t;'
expect 0 "7" query store "$first" 'SELECT x FROM t'
[[ $(echo 'SELECT x + 1 FROM t; SELECT 5;' | "$cleave" image query copy warm) == *9*5* ]] ||
  complain "statements of standard input are not asked"
printf 'CREATE TABLE n(i INTEGER PRIMARY KEY, x);\nWITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 50000) INSERT INTO n SELECT i, hex(i) FROM r;\n.save many.db\n' |
  "$cleave" sqlite || complain "no large database"
image push store many many.db >>said
expect 0 '"pages_read": 3' query store many 'SELECT x FROM n WHERE i = 31234' --json
expect 0 '3331323334' query store many 'SELECT x FROM n WHERE i = 31234'
expect 0 "" query store warm ''
[[ -z $(echo 'SELECT 5' | "$cleave" image query store warm '') ]] || complain "query: \"\" is taken for nothing"
expect 2 "readonly" query store warm 'INSERT INTO t VALUES (1)'
expect 2 "no such table" query store warm 'SELECT * FROM absent'
expect 2 "no such ref" query store nothing 'SELECT 1'
echo text >plain
image push store text plain >>said
expect 2 "not a database" query store text 'SELECT * FROM sqlite_master'
expect 2 "unable to open" query store warm "ATTACH '$PWD/one.db' AS other; SELECT * FROM other.t"

# From within the shell, without a file.
sql() { # <text that is printed> <script> <argument>...
  local text=$1 script=$2 printed
  shift 2
  printed=$(printf "$script" | "$cleave" sqlite "$@" 2>&1)
  [[ $printed == *"$text"* ]] || complain "cleave sqlite: expected \"$text\" of \"$script\". It printed: $printed"
}
sql "page" 'UPDATE t SET x = 9;\n.push store third the third row\n' out.db
expect 0 "the third row" log store third
sql "8  9" '.pull store third\nSELECT (SELECT x FROM t) - 1, x FROM t;\n'
sql "7" ".pull store $first first\nSELECT x FROM t;\n"
sql "1 added" '.pull store third\nINSERT INTO t VALUES (10);\n.commit more\n.diff third more\n'
sql "there are changes" 'CREATE TABLE u(y);\n.pull store warm\n'
sql "there is a commit start already" '.pull store warm start\n'
sql "a transaction is open" 'BEGIN;\nCREATE TABLE u(y);\n.push store warm\n'
sql "no such ref" '.pull store nothing\n'
sql "no such folder" '.push nowhere warm\n'
echo text >plain
image push store text plain >>said
sql "is no SQLite database" '.pull store text\n'

# Sizes that are no page's, and holes.
for size in 0 1 4095 4096 4097 300000; do
  head -c "$size" /dev/urandom >plain
  truncate -s "$((size * 3))" plain
  image push store "size/$size" plain >>said
  image checkout store "size/$size" plain.out --force >>said
  cmp plain plain.out || complain "$size bytes came out as others"
done

image pull copy store >>said
expect 0 "size/4097" refs copy
image forget store size/300000 >>said
expect 0 "removed" gc store
expect 0 "PASS" verify store

# An OCI layout: every blob is what its name says, and it comes back.
image export store layout warm >>said
[[ $(cat layout/oci-layout) == *1.0.0* ]] || complain "no OCI layout: $(cat layout/oci-layout)"
(cd layout/blobs/sha256 && for blob in *; do echo "$blob  $blob"; done | sha256sum --check --quiet) ||
  complain "a blob is not what its name says"
image init back >>said
image pull back oci:layout >>said
image checkout back warm back.db >>said
cmp two.db back.db || complain "another database came back from the layout"
expect 0 "PASS" verify oci:layout
expect 2 "layout: File exists; name a folder that is not there yet" export store layout
expect 2 "an OCI layout can only be read" gc oci:layout
echo '{"manifests":[{"digest":"sha256:../../etc/passwd"}]}' >layout/index.json
expect 2 "a digest of an OCI layout is" refs oci:layout
echo '{' >layout/index.json
expect 2 "it is no OCI layout" refs oci:layout

expect 2 "none: there is no such folder; \`cleave image init\` makes a repository" refs none
mkdir empty
expect 2 "empty: no repository; \`cleave image init\` makes one" refs empty
expect 2 "store: " init store
expect 2 "there is no such folder" clone none new
[[ ! -e new ]] || complain "a clone of nothing left a folder"
expect 2 "nothing" log store nothing
expect 2 "none.db: No such file or directory; name a file that can be read" push store warm none.db
mkfifo fifo
expect 2 "it is no regular file" push store warm fifo
expect 2 "it is no regular file" push store warm empty
expect 2 "out.db: it is there already; name another file, or give --force" checkout store warm out.db
expect 2 "a store of S3 is named s3://BUCKET" refs s3://Bucket
unset AWS_ACCESS_KEY_ID
expect 2 "no keys of S3: set AWS_ACCESS_KEY_ID" refs s3://bucket
expect 2 "a store of RADOS is named rados://POOL" refs rados://a/b/c
expect 2 "../up" push store ../up one.db
cp one.db open.db && echo part >open.db-wal
expect 2 "part of the database lies in open.db-wal" push store warm open.db
[[ -z $(ls -A | grep -E '\.[A-Za-z0-9]{6}$') ]] || complain "files were left: $(ls -A)"

# No room is an error of the file's, and no exception that runs through the library.
head -c 300000 /dev/urandom >large
image push store large large >>said
(ulimit -f 1; trap '' XFSZ; truncate -s 0 large.out; "$cleave" image checkout store large large.out --force) >limited 2>&1
[[ $? == 2 && ! -s large.out && $(cat limited) == *"nothing was left there"* ]] ||
  complain "a file that is too large: $(cat limited)"

# A flipped bit is found, and no file comes of it.
pack=$(find copy/packs -type f | head -1)
printf '\xff\xff\xff\xff' | dd of="$pack" bs=1 seek=60 conv=notrunc status=none
expect 1 "FAIL" verify copy
"$cleave" image verify copy --json >/dev/null
[[ $? == 1 ]] || complain "verify --json does not fail"
exit $failed
