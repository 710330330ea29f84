"""Commands from a bundle to production and back: rollout, approve, rollback, status, judge."""

from pathlib import Path
from typing import Any

from contender import files
from contender.commands.answer import Answer
from contender.errors import DeployError
from contender.params import Params, load_params
from contender.paths import Paths


def rollout(bundle: str | None) -> Answer:
    """Bring a bundle to production, beside the champion and judged against it; or go on with it."""
    from contender.bundle import open_bundle
    from contender.deploy import controller
    from contender.release.passage import require_passage

    paths = Paths()
    with files.only_run(paths.rollout_lock):
        opened = open_bundle(Path(bundle) if bundle else paths.current)
        driver = make_controller(paths, load_params(paths.params))
        require_passage(opened)
        driver.write(controller.begin(driver.read(), opened.digest))
        return _finish(driver)


def approve(by: str) -> Answer:
    """Let the rollout that waits for it go to production."""
    paths = Paths()
    with files.only_run(paths.rollout_lock):
        driver = make_controller(paths, load_params(paths.params))
        waiting = driver.read().rollout
        if waiting is None or waiting.phase != "approval":
            raise DeployError(
                f"the rollout is in phase `{waiting.phase if waiting else 'none'}`; expected one "
                "that waits for its approval.",
                hint="`contender status` says how far it is",
            )
        driver.write(waiting.model_copy(update={"approved_by": by}))
        return _finish(driver)


def rollback(to: str | None, reason: str) -> Answer:
    """End the rollout under way; or bring back what was in production before."""
    from contender.deploy import controller

    paths = Paths()
    with files.only_run(paths.rollout_lock):
        driver = make_controller(paths, load_params(paths.params))
        driver.write(controller.step_back(driver.read(), to=to, reason=reason))
        return _finish(driver)


def status(as_json: bool) -> Answer:
    """What is in production, whether it answers, and how far a rollout is."""
    from contender.deploy.controller import describe
    from contender.deploy.target import Server

    paths = Paths()
    driver = make_controller(paths, load_params(paths.params))
    deployment = driver.read()
    if as_json:
        return Answer(text=deployment.model_dump_json(indent=2))
    if deployment.production is None:
        lines = ["production   nothing"]
    else:
        fault = driver.target.inspect(Server(deployment.production))
        health = f"not well: {fault.message}" if fault else "ready, predicts its golden records"
        lines = [f"production   {deployment.production[:12]}  {health}"]
    if deployment.previous:
        lines.append(f"before it    {deployment.previous[:12]}")
    if deployment.rollout:
        lines.append(f"rollout      {describe(deployment.rollout)}")
        if deployment.rollout.message:
            lines.append(f"             {deployment.rollout.message}")
    for digest, why in deployment.quarantine.items():
        lines.append(f"quarantine   {digest[:12]}  {why}")
    return Answer(text="\n".join(lines))


def judge(  # pylint: disable=too-many-arguments  # each is an option of the command
    *,
    prometheus: str,
    canary: str,
    control: str,
    share: float,
    seconds: float | None,
    as_json: bool,
) -> Answer:
    """Watch a canary that a cluster runs: exit code 0 on, 20 roll back, 10 not decided in time."""
    import json
    from dataclasses import asdict

    from contender.deploy.judge import limits
    from contender.deploy.prometheus import Prometheus
    from contender.deploy.watch import Split, watch

    params = load_params(Paths().params).release
    said = watch(
        Prometheus(prometheus),
        Split(canary, control, share),
        limits(params),
        seconds=2 * params.step_s if seconds is None else seconds,
        tick_s=params.tick_s,
    )
    text = f"{said.outcome}: {said.message}"
    codes = {"pass": 0, "rollback": 20, "wait": 10}
    return Answer(json.dumps(asdict(said)) if as_json else text, code=codes[said.outcome])


def make_controller(paths: Paths, params: Params) -> Any:
    """The controller of the target that params.yaml names."""
    from contender.deploy.controller import Controller, Hooks
    from contender.deploy.local import Processes
    from contender.deploy.proxy import Proxy
    from contender.deploy.target import Target

    fleet = Processes(paths.rollout / "servers", paths.bundles)
    proxy = Proxy(paths.rollout / "proxy", f"127.0.0.1:{params.release.port}")
    hooks = Hooks(
        stage=lambda address, digest: "",
        promote=lambda rollout: _promote(paths, rollout, fleet),
    )
    target = Target(fleet, proxy)
    return Controller(target, paths.rollout / "state.json", params.release, hooks)


def _finish(driver: Any) -> Answer:
    """What became of the rollout: exit code 0 in production, 20 rolled back, 10 waiting."""
    from contender.deploy.controller import describe

    done = driver.run().rollout
    codes = {"done": 0, "rolled-back": 20}
    return Answer(text=describe(done), code=codes.get(done.phase, 10))


def _promote(paths: Paths, rollout: Any, fleet: Any) -> None:
    from contender.commands.release import open_here
    from contender.release import passage

    bundle = fleet.bundle(rollout.challenger)
    passage.promote(open_here(paths), bundle, is_return=bool(rollout.undoes))
