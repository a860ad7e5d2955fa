# A thin front over Meson and the scripts; `make help` lists the verbs. Nothing here is needed:
# `meson setup build && meson install -C build` builds it as well.

.PHONY: all help test lint tidy coverage sim fuzz bench soak clean
.DEFAULT_GOAL := all

all: ## build into build/ and install into out/
	@tools/packages need run
	@tools/build release
	@tools/install

test: ## build everything and run every test (./test)
	@./test

lint: ## clang-format, clang-tidy, cppcheck: quiet when all is well
	@tools/lint

tidy: ## check the tree itself: include direction, catalogues, scripts
	@tests/tidy/tidy

coverage: ## lines and branches of core that the tests reach
	@tools/packages need coverage
	@tools/build coverage
	@find build-coverage -name '*.gcda' -delete
	@meson test -C build-coverage --no-rebuild --quiet >build-coverage/test.log || \
	    echo "tests failed, see build-coverage/test.log"
	@tests/coverage/report build-coverage

sim: ## the deterministic world: 1,000 seeds over all scenarios (docs/testing.md)
	@tools/packages need run
	@tools/build release
	@tests/sim/seeds build/sim/nxsim 1000

fuzz: ## each fuzz target for a minute (tools/fuzz NAME SECONDS: for longer)
	@tools/fuzz

bench: ## sizes and speeds, of the release build
	@tools/packages need run
	@tools/build release
	@for program in build/bench/bench_*; do \
	    if [ -f "$$program" ] && [ -x "$$program" ]; then \
	        echo "== $${program##*/bench_}"; "$$program" || exit 1; \
	    fi; \
	done

# `make soak NAME`: what takes long or needs a machine of its own. Without a name: the list.
ifeq (soak,$(firstword $(MAKECMDGOALS)))
NAME := $(wordlist 2,2,$(MAKECMDGOALS))
ifneq (,$(NAME))
.PHONY: $(NAME)
$(NAME):
	@:
endif
endif
soak: ## NAME: a long test; without NAME, which ones there are
	@tools/soak $(NAME)

clean: ## remove what builds have made
	@rm -rf build build-* out

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
