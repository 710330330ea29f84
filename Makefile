# One verb a line. People, hooks and workflows call the same verbs; `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# Bytecode is wanted: without it every process compiles every import again, three times slower.
unexport PYTHONDONTWRITEBYTECODE
# One thread: gradient boosting spins while it waits for a busy core. And nobody is reported to.
export OMP_NUM_THREADS ?= 1
export DVC_NO_ANALYTICS ?= 1
export GX_ANALYTICS_ENABLED ?= False
export MLFLOW_DISABLE_TELEMETRY ?= true
export ORT_DISABLE_TELEMETRY ?= 1
export UV_PROJECT_ENVIRONMENT := .venv
export PATH := $(CURDIR)/.venv/bin:$(PATH)

PYTHON ?= python3
UV_VERSION := 0.13.8
PIPELINE := .venv/.pipeline
RELEASE := .venv/.release
DEV := .venv/.dev
COMPOSE := docker compose --file infra/compose/compose.yaml

.PHONY: help
help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "error: $(PYTHON) is $$($(PYTHON) -V 2>&1); expected Python 3.11, 3.12 or 3.13. hint: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "hint: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(PIPELINE): .venv/bin/uv pyproject.toml uv.lock
	uv sync --frozen --inexact --no-default-groups --python .venv/bin/python --quiet
	@touch $@

$(RELEASE): $(PIPELINE)
	uv sync --frozen --inexact --no-default-groups --group deploy --group serving --python .venv/bin/python --quiet
	@touch $@

$(DEV): .venv/bin/uv pyproject.toml uv.lock
	uv sync --frozen --inexact --python .venv/bin/python --quiet
	@touch $@ $(PIPELINE) $(RELEASE)

.PHONY: setup
setup: $(PIPELINE) ## make .venv with what the pipeline needs

.PHONY: dev
dev: $(DEV) ## make .venv with what tests and lint need

.PHONY: release
release: $(RELEASE) ## make .venv with what a rollout needs

.PHONY: data
data: $(PIPELINE) ## fetch the raw data and verify it
	contender pull

.PHONY: repro
repro: data ## run the stages whose inputs changed
	dvc repro

.PHONY: run
ifdef SUBSET
run: data
	contender smoke --rows $(SUBSET)
else
run: repro ## data, pipeline, registry, verdict, report (SUBSET=1000 for a quick look)
	contender record
	contender gate
	contender report
endif

.PHONY: gate
gate: $(PIPELINE) ## judge the challenger again
	contender gate

.PHONY: promote
promote: $(PIPELINE) ## make the challenger the champion of this folder, if it earned it
	contender promote --local

.PHONY: history
history: $(PIPELINE) ## what served when, on which evidence, approved by whom
	contender history --local

.PHONY: report
report: $(PIPELINE) ## write reports/report.html, plots and the model card again
	contender report

.PHONY: reproduce
reproduce: data ## run the stages from nothing, beside the result, and compare with dvc.lock
	contender reproduce

.PHONY: doctor
doctor: $(PIPELINE) ## what is set up, what is missing or unprotected, and the command for each
	contender doctor

.PHONY: tune
tune: repro ## search hyperparameters; the winner goes into params.yaml
	contender tune

.PHONY: expectations
expectations: data ## write data/expectations.json and data/README.md from the schema
	contender ingest
	contender expectations

.PHONY: retrain
retrain: data ## train anew on the data there is; the gate then only asks for no harm
	contender refresh
	dvc repro

.PHONY: adopt
adopt: $(PIPELINE) ## make your own table the data of this project: CSV=their.csv TARGET=column
	contender adopt $(CSV) $(if $(TARGET),--target $(TARGET)) $(OPTIONS)

OWN := data dvc.lock reports

.PHONY: update
update: ## merge a newer version of the template and keep your data: TEMPLATE=its address
	@: $(if $(TEMPLATE),,$(error TEMPLATE is not set. hint: make update TEMPLATE=address-of-the-template))
	@git diff --quiet HEAD || { echo "error: some changes are not committed. hint: git commit them, or git stash" >&2; exit 1; }
	git fetch --quiet --no-tags $(TEMPLATE) $(or $(BRANCH),main)
	@git merge-base HEAD FETCH_HEAD >/dev/null || { $(JOIN); }
	git merge --no-ff --no-commit FETCH_HEAD || git rev-parse --quiet --verify MERGE_HEAD
	git diff --quiet "$$(git merge-base HEAD FETCH_HEAD)" HEAD -- data || { git add --update -- $(OWN); git restore --source=HEAD --staged --worktree -- $(OWN); }
	! git rev-parse --quiet --verify MERGE_HEAD || git commit --no-edit
	@echo "next: make run, then git commit -am 'Measure again'"

# A project made by "Use this template" shares no commit with it: its first one has the same tree as
# the commit of the template that it was made from, and is joined to that.
define JOIN
tree=$$(git log --max-parents=0 --format=%T | tail -1); \
start=$$(git log --format='%T %H' FETCH_HEAD | awk -v tree="$$tree" '$$1 == tree { found = $$2 } END { print found }'); \
test -n "$$start" || { echo "error: this project was not made from that template. hint: check TEMPLATE" >&2; exit 1; }; \
git merge --quiet --allow-unrelated-histories --strategy=ours --message="Join the template" "$$start"
endef

.PHONY: remote
remote: $(PIPELINE) ## move the data to another DVC remote: URL=s3://bucket/path
	contender remote $(URL) $(if $(ENDPOINT_URL),--endpoint-url $(ENDPOINT_URL))

.PHONY: ui
ui: $(PIPELINE) ## open the registry in a browser
	mlflow ui --backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db} --host 127.0.0.1 --port $(or $(PORT),5000)

.PHONY: serve
serve: $(PIPELINE) ## answer calls with the model judged last: PORT=8000
	uv sync --frozen --inexact --no-default-groups --group serving --python .venv/bin/python --quiet
	contender bundle
	contender serve --port $(or $(PORT),8000)

.PHONY: staging
staging: $(RELEASE) ## test a server of the model judged last: ADDRESS=host:port for one that runs
	contender bundle
	contender staging $(if $(ADDRESS),--address $(ADDRESS))

.PHONY: rollout
rollout: $(RELEASE) ## bring the model judged last to production, beside the one that is there
	contender bundle
	contender rollout

.PHONY: image
image: $(PIPELINE) ## build the image of the model judged last: IMAGE=name BUNDLE=dir BASE=image
	$(if $(BUNDLE),,contender bundle)
	contender image --name $(or $(IMAGE),contender) $(if $(BUNDLE),--bundle $(BUNDLE)) $(if $(BASE),--base $(BASE))

.PHONY: image-test
image-test: $(DEV) ## build an image and run it: read-only, without root, against a changed model
	pytest tests/image

.PHONY: kubernetes
kubernetes: $(DEV) ## render the manifests of a cluster and check them: schemas, checkov, the judge
	pytest tests/infra/test_kubernetes.py tests/deploy/test_prometheus.py

.PHONY: up
up: $(RELEASE) ## start servers, proxy, tracking and monitoring in containers of this host
	mkdir -p .contender/rollout/proxy
	PROXY_USER=$$(id -u):$$(id -g) $(COMPOSE) up --detach --wait
	contender resume

.PHONY: down
down: ## end them all; volumes stay
	$(COMPOSE) down --remove-orphans

.PHONY: proxy
proxy: $(DEV) ## write infra/caddy/caddy.json from the proxy's configuration again
	python -c 'import json; from contender.deploy.proxy import make_configuration as make; print(json.dumps(make(":8080", "/srv/proxy"), indent=2))' > infra/caddy/caddy.json

.PHONY: predict
predict: $(PIPELINE) ## predict every row of a file: INPUT=rows.parquet OUTPUT=predictions.parquet
	contender predict $(INPUT) $(OUTPUT)

.PHONY: demo
demo: $(RELEASE) ## five chapters of a model's life, with real parts, in a folder of its own
	python -m tests.drills.demo

.PHONY: test
test: $(DEV) ## set up and run the whole test suite, a process a core
	pytest --numprocesses logical --maxprocesses 4 $(or $(TESTS),tests)

.PHONY: soak
soak: $(DEV) ## the long forms of tests: 100,000 calls, 10,000 odd ones, 20 ends, 50 swaps
	pytest -m soak -rP --durations=0 $(or $(TESTS),tests)

.PHONY: fork-matrix
fork-matrix: $(DEV) ## which job of which workflow runs for whom, and what it would need
	python -m tests.fork_matrix

.PHONY: act
act: $(DEV) ## run the workflows on this machine: pull requests, releases, a rollback
	pytest -m "soak or not soak" tests/workflows

.PHONY: sabotage
sabotage: $(DEV) ## plant 16 faults and 200 honest models, and see what the gate says of each
	python -m tests.sabotage

.PHONY: vacuity
vacuity: $(DEV) ## feed every gate nothing and garbage, and see that none passes
	python -m tests.vacuity

.PHONY: mutation
mutation: $(DEV) ## change the gate's code in 200 places, and see whether its tests notice (N=all)
	uv sync --frozen --inexact --group mutation --python .venv/bin/python --quiet
	python benchmarks/mutation.py $(if $(N),--number $(N)) $(if $(JOBS),--jobs $(JOBS))

.PHONY: lint
lint: $(DEV) ## pylint, formatter, types, import contracts, workflows
	ruff format --check src tests benchmarks
	pylint src tests benchmarks
	mypy
	lint-imports
	hadolint Dockerfile infra/mlflow/Dockerfile
	actionlint
	zizmor --offline --no-progress --quiet --persona=pedantic --format=plain .github
	check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	check-jsonschema --quiet --builtin-schema vendor.github-actions .github/actions/*/action.yml
	check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	shellcheck .ci/run
	yamllint --strict .github .yamllint.yaml

.PHONY: audit
audit: $(PIPELINE) ## look every package of the lock up among the known holes
	uv sync --frozen --inexact --no-default-groups --group audit --python .venv/bin/python --quiet
	uv export --frozen --quiet --no-emit-project --output-file .venv/requirements.txt
	pip-audit --strict --disable-pip --requirement .venv/requirements.txt

.PHONY: format
format: $(DEV) ## format the code
	ruff format src tests benchmarks

.PHONY: lock
lock: $(DEV) ## resolve the dependencies anew
	uv lock --upgrade --python .venv/bin/python

.PHONY: bench
bench: $(DEV) ## measure again every number that the README claims
	python benchmarks/run.py
	python benchmarks/startup.py
	python benchmarks/gate.py
	python benchmarks/pipeline.py
	python benchmarks/pipeline.py --rows 5000000 --alone
	python benchmarks/batch.py
	python benchmarks/adopt.py

.PHONY: bench-adopt
bench-adopt: $(DEV) ## measure the way from a file of 50,000 rows and 20 columns to the verdict
	python benchmarks/adopt.py

.PHONY: bench-batch
bench-batch: $(DEV) ## measure predictions of 1,000,000 rows against a bare script
	python benchmarks/batch.py

.PHONY: bench-canary
bench-canary: $(DEV) ## measure how often the judge of a canary errs, and how soon it acts
	python benchmarks/canary.py

.PHONY: bench-serving
bench-serving: $(DEV) run ## the speed of the service beside MLflow, BentoML and a constant, 5 minutes
	contender bundle
	UV_PROJECT_ENVIRONMENT=.venv-bench uv sync --frozen --only-group bench --only-group serving --python .venv/bin/python --quiet
	python benchmarks/serving.py

.PHONY: bench-gate
bench-gate: data $(DEV) ## count how often the gate errs, and put it into docs/concepts (QUICK=1 keeps nothing)
ifdef QUICK
	python benchmarks/gate_errors.py --quick
else
	python benchmarks/gate.py
	python benchmarks/gate_errors.py || missed=$$?; python benchmarks/gate_page.py; exit $${missed:-0}
endif

.PHONY: clean
clean: ## remove what stages and commands made; data, registry and environment stay
	rm -rf data/interim data/prepared models reports .smoke .pytest_cache .mypy_cache .ruff_cache
