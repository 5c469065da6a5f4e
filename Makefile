# The commands of the project. `make help` lists them.

PREFIX ?= /usr/local
BUILD_JOBS ?= $(shell nproc)
TEST_JOBS ?= $(shell expr $$(nproc) + 1)
SOAK_SECONDS ?= 60
FUZZ_SECONDS ?= 60
TORTURE_SECONDS ?= 600
# The SQLite database that `make demo` works on; without one it takes what dpkg knows of the packages here.
DB ?=

# ThreadSanitizer wants its shadow memory where a widely randomised layout may already sit.
FIXED_LAYOUT := $(shell setarch -R true 2>/dev/null && echo setarch -R)

build = cmake --preset $(1) && cmake --build --preset $(1) -j $(BUILD_JOBS)
test = $(call build,$(1)) && $(2) ctest --preset $(1) -j $(TEST_JOBS)
sources = git ls-files '*.cc' '*.h'

.DEFAULT_GOAL := help
.PHONY: help setup build demo web web-test test style steady bench soak ceph ceph-stop ceph-test two-machines orders lint format docs \
  install install-tools install-python deb dist arm64 clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## Install the packages that are missing
	@scripts/setup.sh

build: setup ## Build everything, optimised (the release preset)
	$(call build,release)

demo: ## Branch a real database and check each branch (DB=path: one of yours)
	@scripts/setup.sh demo
	$(call build,demo)
	@echo
	build/demo/bin/cleave demo $(DB)
	@echo "Next: README.md, or 'make build' and all the other commands."

web: ## Build the laboratory as one page for browsers: build/web/laboratory.html
	@scripts/setup.sh web || echo "setup: no emscripten; the page is left out"
	scripts/web.sh $(BUILD_JOBS) || [ $$? = 77 ]

web-test: web ## Try that page: its answers beside native's, its errors, its costs, and in a browser
	@scripts/setup.sh browser || echo "setup: no browser; the page is built and not tried"
	$(call build,release) --target cleave_tool cleave_tool_litmus cleave_web_answers
	tests/web/web.sh build/release/tests/cleave_web_answers build/release/bin/cleave || [ $$? = 77 ]

test: setup style ## Run style, all tests, and the library's tests under the address and the thread sanitizer
	@scripts/setup.sh browser || echo "setup: no browser; the test of the page is left out"
	@scripts/setup.sh campaign || echo "setup: no Redis; the test of campaigns is left out"
	@scripts/setup.sh outsider || echo "setup: no abigail or no Clang; the tests that need them are left out"
	@scripts/setup.sh docs || echo "setup: no doxygen; the test of the reference is left out"
	@scripts/setup.sh python || echo "setup: no Python packages; the Python module and its tests are left out"
	$(call test,check)
	$(call test,asan)
	$(call test,tsan,$(FIXED_LAYOUT))

style: setup ## Check the format, build libraries and laboratory with Clang, run clang-tidy on the library
	@scripts/setup.sh lint
	$(sources) | xargs clang-format --dry-run -Werror
	$(call build,clang) --target cleave_libraries cleave_lab cleave_web_answers
	tests/layout/thread_safety.sh build/clang
	ls build/clang/CMakeFiles/cleave.dir/Unity/*.cxx | xargs -P $(BUILD_JOBS) -n 1 \
	  clang-tidy -p build/clang --quiet --checks=-bugprone-suspicious-include --header-filter='/(include|src)/'

steady: setup ## Run the tests 20 times: fresh clones, random order, busy processors (STEADY_RUNS=n, STEADY_FRESH=0)
	@scripts/setup.sh browser || echo "setup: no browser; the test of the page is left out"
	@scripts/setup.sh python || echo "setup: no Python packages; the Python module and its tests are left out"
	@scripts/steady.sh

bench: build ## Measure what docs/reference/benchmarks.md has
	build/release/bin/cleave bench

ceph: ## Start a Ceph of one node on loopback, for tries with s3:// and rados://: build/ceph
	@scripts/setup.sh ceph
	tests/ceph/ceph.sh start build/ceph

ceph-stop: ## End it
	tests/ceph/ceph.sh stop build/ceph

ceph-test: setup ## Run the tests of repositories in S3 and RADOS on a Ceph of their own
	@scripts/setup.sh ceph
	$(call build,check) --target cleave_ceph_tests
	tests/ceph/ceph.sh run build/ceph-test build/check/tests/cleave_ceph_tests || [ $$? = 77 ]

two-machines: setup ## Share a database between two network namespaces, over S3 and RADOS
	@scripts/setup.sh ceph
	$(call build,demo) --target cleave_tool cleave_tool_image cleave_tool_sqlite
	tests/ceph/two_machines.sh build/demo/bin/cleave || [ $$? = 77 ]

orders: build ## Weaken each memory order of the engine, and write the table of docs/reference/ordering.md anew
	CLEAVE_ORDERS=docs/reference/ordering.md build/release/tests/cleave_explored_tests \
	  --gtest_filter='EngineOrders.AreNoticedNowhereElse'

soak: build ## What takes long: the release's tests, asan, stress, torture, fuzzing, packages in a new Debian
	@scripts/setup.sh python || echo "setup: no Python packages; the Python module and its tests are left out"
	$(call test,release,CLEAVE_HYPOTHESIS=random CLEAVE_ODR=1)
	CLEAVE_EVERY_CALL=1 build/release/tests/cleave_tests --gtest_filter='Refused*:*/Refused*'
	CLEAVE_EVERY_CALL=1 build/release/tests/cleave_image_tests --gtest_filter='ImageWriters.*'
	cmake --preset asan -B build/asan-lab -DCLEAVE_LAB=ON
	cmake --build build/asan-lab -j $(BUILD_JOBS) --target cleave_lab_tests
	build/asan-lab/tests/cleave_lab_tests
	CLEAVE_SOAK=1 build/release/tests/cleave_explored_tests --gtest_filter='EngineCalls.*:EngineSearches.*:EngineOrders.*'
	build/release/bin/cleave litmus hunt F E1 gvisor cleave --starts small,file --words usual,-migrate --races none --depth 4
	scripts/setup.sh fuzz
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(BUILD_JOBS) \
	  --target fuzz.heap fuzz.c_api fuzz.image fuzz.listing fuzz.litmus fuzz.token
	for target in heap c_api image listing litmus token; do \
	  mkdir -p build/fuzz/found/$$target && \
	  UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1 build/fuzz/tests/fuzz/fuzz.$$target \
	    -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/found/ \
	    build/fuzz/found/$$target tests/fuzz/seeds/$$target || exit 1; \
	done
	$(MAKE) ceph-test
	build/release/tests/cleave_stress --seconds $(SOAK_SECONDS)
	build/release/tests/cleave_torture --seconds $(TORTURE_SECONDS) --directory build
	build/release/tests/cleave_torture --seconds $(TORTURE_SECONDS) --backing compressed --memory 3000 --directory build
	for program in /bin/echo build/release/tests/cleave_goes_to_and_fro; do \
	  build/release/tests/cleave_refused_program build/release/bin/libcleave-run.so $$program 30 || [ $$? = 77 ] || \
	    exit 1; \
	done
	tests/program/run/kth_allocation.py build/release/bin/libcleave-run.so \
	  build/release/tests/libcleave_fail_allocation.so build/release/tests/cleave_stand_in 0 || [ $$? = 77 ]
	for session in lua sqlite python; do \
	  tests/program/run/sessions.py build/release/bin/cleave $$session 1000 || [ $$? = 77 ] || exit 1; \
	done
	for arena in automatic 'automatic --adaptive' async 'async --watched' sigbus 'sigbus --watched' mprotect \
	    software 'software --watched'; do \
	  build/release/tests/cleave_host --tracking $$arena --stops 30 --forks 10000 || [ $$? -eq 77 ] || exit 1; \
	done
	$(call build,tsan)
	TSAN_OPTIONS=halt_on_error=1 $(FIXED_LAYOUT) build/tsan/tests/cleave_stress --seconds $(SOAK_SECONDS)
	TSAN_OPTIONS=halt_on_error=1 $(FIXED_LAYOUT) build/tsan/tests/cleave_torture \
	  --seconds $(TORTURE_SECONDS) --directory build
	TSAN_OPTIONS=halt_on_error=1 $(FIXED_LAYOUT) build/tsan/tests/cleave_torture \
	  --seconds $(TORTURE_SECONDS) --backing compressed --directory build
	scripts/arm64.sh || [ $$? = 77 ]
	tests/package/release.sh . || [ $$? = 77 ]
	$(MAKE) deb
	tests/package/fresh_root.sh build/deb || [ $$? = 77 ]

lint: ## Check the format, and run clang-tidy on every file: many minutes
	@scripts/setup.sh lint
	$(sources) | xargs clang-format --dry-run -Werror
	cmake --preset lint
	git ls-files "*.cc" | grep -vE "^tests/(fuzz/coverage|install|layout|zero_cost)" | \
	  xargs -P 2 -n 1 clang-tidy -p build/lint --quiet

format: ## Format all sources in place
	@scripts/setup.sh lint
	$(sources) | xargs clang-format -i

install: ## Install the library to PREFIX (/usr/local)
	@scripts/setup.sh library
	$(call build,library)
	cmake --install build/library --prefix $(PREFIX) --component library

install-tools: setup ## Install the commands to PREFIX
	$(call build,release) --target cleave_tools
	cmake --install build/release --prefix $(PREFIX) --component tools

install-python: setup ## Install the Python module to PREFIX
	@scripts/setup.sh python
	$(call build,release) --target cleave_python
	cmake --install build/release --prefix $(PREFIX) --component python

docs: setup ## Write the reference of the public headers: build/reference/html/index.html
	@scripts/setup.sh docs
	scripts/reference.sh build/reference

deb: setup ## Build the Debian packages, and have lintian look at them: build/deb
	@scripts/setup.sh package
	@scripts/setup.sh web || echo "setup: no emscripten; the packages have no page for browsers"
	scripts/deb.sh build/deb

arm64: setup ## Build the library and its tests for arm64, and run them under qemu-user
	@scripts/setup.sh arm64
	scripts/arm64.sh

dist: ## Write the source release of what is committed, and its checksum: build/dist
	scripts/dist.sh build/dist

clean: ## Remove everything that was built
	rm -rf build
