# `make up` and `make test` do everything on a fresh machine; the rest is for those who work on Attune.

PYTHON ?= python3
TARGET ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo cuda || echo cpu)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

# The packages are installed without byte code, which Python writes when it first imports a module. Where the environment
# forbids that, each of the dozens of processes of a test run compiles everything again: half of all its time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: $(shell grep -oE '^[a-z-]+:' Makefile | tr -d :)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(INSTALLED): requirements/$(TARGET).txt requirements/install.py pyproject.toml
	$(PYTHON) requirements/install.py $(TARGET)

up: $(INSTALLED) ## install what is missing, then start engine, gateway and chat (arguments: ARGS="--model …")
	@$(BIN)/attune up $(ARGS)

demo: $(INSTALLED) ## simulated people with a hidden taste, and Attune learning from them, in 15 minutes; ends with a report
	$(BIN)/attune simulate --minutes 15 $(ARGS)

test: lint browser ## install what is missing, then lint and run all tests (one: ARGS="tests/…")
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder -m "not alone" --durations 25
	$(BIN)/python -m pytest -m alone --durations 15
endif

lint: $(INSTALLED) ## ruff, mypy --strict and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## rewrite the code in the project's layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser: $(INSTALLED) ## a Chromium for the browser tests, if there is none
	$(BIN)/python tests/install_browser.py

bench: bench-start bench-engine-waits bench-cpu bench-probe bench-gateway bench-ppo bench-waiting-threads bench-logprobs bench-adapter bench-canary bench-bad-canary bench-false-voters bench-swap bench-rollback bench-loop bench-demo ## every benchmark; results under benchmarks/results

bench-start: $(INSTALLED) ## a fresh clone: seconds until the first answer, cold and warm
	$(BIN)/python -m benchmarks.start

bench-gateway: $(INSTALLED) ## the gateway against bare vLLM, interleaved: with the starter, and in a real model's shape
	$(BIN)/python -m benchmarks.gateway $(ARGS)
	$(BIN)/python -m benchmarks.gateway --shape 0.5b --rounds 6

bench-engine-waits: $(INSTALLED) ## tokens per second, and how a second process fares, with the engine's waits asleep and spinning
	$(BIN)/python -m benchmarks.engine_waits $(ARGS)

bench-schema-cost: $(INSTALLED) ## compiling JSON schemas: seconds and memory beside what the gateway reckons
	$(BIN)/python -m benchmarks.schema_cost

bench-neighbour: $(INSTALLED) ## one key asks for far too much: how long another waits for its first token
	$(BIN)/python -m benchmarks.neighbour $(ARGS)
	$(BIN)/python -m benchmarks.neighbour --shape 135m $(ARGS)
	$(BIN)/python -m benchmarks.neighbour --attack all --clients 24 --label attacks $(ARGS)

bench-cpu: $(INSTALLED) ## CPU time of the gateway per request and per token
	$(BIN)/python -m benchmarks.gateway_cpu $(ARGS)

bench-ppo: $(INSTALLED) ## PPO on a bandit with a known best policy, three seeds; two processes against one, whole and sharded
	$(BIN)/python -m benchmarks.ppo_bandit
	$(BIN)/python -m benchmarks.ppo_ranks

bench-preferences: $(INSTALLED) ## a reward model on real people's preferences: ARGS="--data FOLDER"
	$(BIN)/python -m benchmarks.real_preferences $(ARGS)

bench-loop: $(INSTALLED) ## thumbs of people with a hidden taste, through `attune align run`: does the candidate please them more
	$(BIN)/python -m benchmarks.loop_learns $(ARGS)

bench-demo: $(INSTALLED) ## the simulation from three seeds, and with malicious voters: two to three hours
	$(BIN)/python -m benchmarks.demo $(ARGS)

bench-ray: $(INSTALLED) ## vLLM behind Ray Serve as the external engine, where Ray is installed too
	$(BIN)/python -m benchmarks.ray_serve $(ARGS)

bench-ppo-step: $(INSTALLED) ## time of a PPO step; beside TRL 1.12's PPOTrainer: ARGS="--trl VENV"
	$(BIN)/python -m benchmarks.ppo_step $(ARGS)

bench-alignment-memory: $(INSTALLED) ## memory of each stage in a 135M model's shape, predicted and measured; before too: ARGS="--old CHECKOUT"
	$(BIN)/python -m benchmarks.alignment_memory $(ARGS)

bench-waiting-threads: $(INSTALLED) ## a training step beside other processes, by how torch's threads wait for each other
	$(BIN)/python -m benchmarks.waiting_threads $(ARGS)

bench-logprobs: $(INSTALLED) ## the starter model in vLLM against transformers, token by token
	$(BIN)/python -m benchmarks.starter_logprobs $(ARGS)

bench-recipe: $(INSTALLED) ## the starter's recipe again from its seed, beside the committed model; two short ones: ARGS="--steps 450"
	$(BIN)/python -m benchmarks.recipe_again --work build/recipe-again $(ARGS)

bench-adapter: $(INSTALLED) ## a registered adapter in vLLM against transformers with PEFT, token by token
	$(BIN)/python -m benchmarks.adapter_in_engine $(ARGS)

bench-probe: $(INSTALLED) ## how far rounding moves the probe's figures, and how far other weights do
	$(BIN)/python -m benchmarks.probe_margins $(ARGS)

bench-canary: $(INSTALLED) ## the canary's test on simulated votes: false rollbacks, power, votes needed
	$(BIN)/python -m benchmarks.canary_simulation $(ARGS)
	$(BIN)/python -m benchmarks.canary_delays

bench-swap: $(INSTALLED) ## changes of the model under load, adapters and whole weights: failed requests, and seconds to promote and roll back; and vLLM alone, started again
	$(BIN)/python -m benchmarks.swap --form mixed --cycles 30
	$(BIN)/python -m benchmarks.swap --form merged --cycles 17
	$(BIN)/python -m benchmarks.swap_peer

bench-rollback: $(INSTALLED) ## thirty rollbacks on small engines: seconds from the command to the last answer of the bad version
	$(BIN)/python -m benchmarks.swap --engine fake --form loaded --cycles 30

bench-bad-canary: $(INSTALLED) ## worse versions on canary, on small engines and on a real vLLM, and people who vote: rolled back, and how many saw them
	$(BIN)/python -m benchmarks.bad_canary $(ARGS)
	$(BIN)/python -m benchmarks.bad_canary --engine vllm $(ARGS)

bench-false-voters: $(INSTALLED) ## one client with a thousand browsers against a canary, in ten minutes: verdicts, and raters in training
	$(BIN)/python -m benchmarks.false_voters $(ARGS)

bench-zoo: $(INSTALLED) ## bad models of every kind through the gate, and honest retrains: who is refused, for what
	$(BIN)/python -m benchmarks.zoo $(ARGS)

bench-judge: $(INSTALLED) ## a served judge through the gateway: one that was taught to give verdicts, and one that was not
	$(BIN)/python -m benchmarks.judge $(ARGS)

bench-gate-time: $(INSTALLED) ## seconds of the gate by items, and in a larger model's shape: ARGS="--shape 0.5b --shares 0.01 0.02"
	$(BIN)/python -m benchmarks.gate_time $(ARGS)

bench-coverage: $(INSTALLED) ## simulated comparisons: how often the win-rate's 95 % interval holds the truth
	$(BIN)/python -m benchmarks.coverage $(ARGS)

bench-lm-eval: $(INSTALLED) ## three tasks by our runner and by lm-eval, and metrics beside scikit-learn: ARGS="VENV"
	$(BIN)/python -m benchmarks.lm_eval_peer $(ARGS)
	$(BIN)/python -m benchmarks.metrics_peer $(ARGS)

bench-harness: $(INSTALLED) ## the starter through lm-eval, all sets: ARGS="--lm-eval VENV --data FOLDER --limit 60"
	$(BIN)/python -m benchmarks.harness_starter $(ARGS)

bench-docs: $(INSTALLED) ## how many commands of the docs the tests run, and how many hops from the README ten behaviours are
	$(BIN)/python -m benchmarks.docs

bench-clients: $(INSTALLED) ## sixteen clients unchanged, each in an environment of its own, on a scripted engine and on vLLM: what works
	$(BIN)/python -m benchmarks.clients $(ARGS)

bench-client-checks: $(INSTALLED) ## 300 calls of the official client to bare vLLM and through the gateway: what passes only there
	$(BIN)/python -m benchmarks.client_checks

bench-erasing: $(INSTALLED) ## what an erasing leaves on disk: a real run, SQLite, PostgreSQL
	$(BIN)/python -m benchmarks.erasing $(ARGS)

bench-page: $(INSTALLED) browser ## 100,000 generated texts in the chat's page, with its sanitiser and without: what gets through (fewer: ARGS="--texts 5000")
	$(BIN)/python -m benchmarks.page_fuzz $(ARGS)

bench-ops: $(INSTALLED) ## the ops page's queries with 100,000 votes, on SQLite and PostgreSQL
	$(BIN)/python -m benchmarks.ops_queries $(ARGS)

bench-move: $(INSTALLED) ## 100,000 votes from SQLite to PostgreSQL and back by `attune move`, killed ten times: the same rows
	$(BIN)/python -m benchmarks.move $(ARGS)

bench-old-home: $(INSTALLED) ## a home of an older revision with 100,000 votes: backed up, migrated, killed meanwhile, served
	$(BIN)/python -m benchmarks.old_home $(ARGS)

soak: soak-crash soak-overload soak-slow-clients soak-busy-engine soak-starved-machine soak-alignment soak-rollout soak-retention ## the slow proofs; results under benchmarks/results

soak-crash: $(INSTALLED) ## kill -9 of the gateway at random moments: nothing lost, nothing doubled
	$(BIN)/python -m benchmarks.crash $(ARGS)

soak-overload: $(INSTALLED) ## ten times the capacity for a minute
	$(BIN)/python -m benchmarks.overload $(ARGS)

soak-slow-clients: $(INSTALLED) ## five hundred clients that send slowly, on gateway and chat: their memory, and neighbours' latency
	$(BIN)/python -m benchmarks.slow_clients $(ARGS)

soak-busy-engine: $(INSTALLED) ## ten minutes of overload on a real vLLM, which must not be taken for hung; then SIGSTOP, which must
	$(BIN)/python -m benchmarks.busy_engine $(ARGS)

soak-starved-machine: $(INSTALLED) ## ten minutes of memory pressure: no healthy engine is killed; and a hung one is found once it is over (root)
	$(BIN)/python -m benchmarks.starved_machine $(ARGS)

soak-alignment: $(INSTALLED) ## kill -9 of an alignment run at random moments: the result of an undisturbed one
	$(BIN)/python -m benchmarks.alignment_crash $(ARGS)

soak-retention: $(INSTALLED) ## a week of 70,000 answers in short, with retention and without: sizes, votes, a canary's verdict, neighbours' delay
	$(BIN)/python -m benchmarks.retention_week $(ARGS)
	$(BIN)/python -m benchmarks.retention_week --ledger postgresql $(ARGS)

soak-rollout: $(INSTALLED) ## kill -9 in every step of a change of model, and two gateways, one killed; on small engines and on a real vLLM
	$(BIN)/python -m benchmarks.rollout_crash $(ARGS)
	$(BIN)/python -m benchmarks.rollout_crash --engine vllm --kills 2 --minutes 90
	$(BIN)/python -m benchmarks.two_gateways
	$(BIN)/python -m benchmarks.two_gateways --engine vllm

image-steps: $(INSTALLED) ## the Dockerfile's steps in clean Debian trees, and what the images do that come out of them (root, debootstrap)
	$(BIN)/python -m benchmarks.image_steps $(ARGS)
	$(BIN)/python -m benchmarks.image_steps --images engine $(ARGS)

starter: $(INSTALLED) ## make the starter model again from nothing
	$(BIN)/python -m models.recipe $(ARGS)

screenshots: $(INSTALLED) browser ## the pictures in docs/images: of a running Attune, and of the ops page of a made-up ledger
	$(BIN)/python -m tests.chat_ui.screenshots $(or $(URL),http://127.0.0.1:7860)

starter-evaluation: $(INSTALLED) ## measure the starter model again: gates with n and intervals
	$(BIN)/python -m models.recipe.evaluate $(ARGS)

evaluation-items: $(INSTALLED) ## write the generated items of evals/tasks/data and evals/harness/data again
	$(BIN)/python -m models.recipe.evaluation_items
	$(BIN)/python -m models.recipe.harness_items

lock: $(INSTALLED) ## resolve requirements/*.in into the pinned locks
	$(BIN)/python requirements/lock.py $(ARGS)

clean: ## remove what was installed and cached here (not ~/.attune)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
