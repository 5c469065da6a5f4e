# For the scripts beside this one: a scratch folder, and commands that are quiet unless they fail.

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
here=$root/tests/install
# What is built twice in different folders is compiled once, where there is ccache.
export CCACHE_BASEDIR=/ CCACHE_NOHASHDIR=1

run() {
  "$@" >"$scratch/log" 2>&1 || {
    echo "failed: $*"
    cat "$scratch/log"
    exit 1
  }
}

# Writes the README's C++ programs to $scratch/readme_<n>.cc, and lists all that an outsider builds in `programs`.
outsiders_programs() {
  awk -v into="$scratch/readme_" '
    /^```cpp$/ { inside = 1; text = ""; next }
    /^```$/ { if (inside && text ~ /int main\(/) { ++n; printf "%s", text > (into n ".cc") } inside = 0 }
    inside { text = text $0 "\n" }' "$root/README.md"
  programs=("$here/outsider/every_name.cc" "$scratch"/readme_*.cc)
  [[ -e ${programs[1]} ]] || {
    echo "no program was found in README.md"
    exit 1
  }
}
