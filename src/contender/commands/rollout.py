"""Commands from a bundle to production and back: rollout, approve, rollback, resume, status."""

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


def resume() -> Answer:
    """Go on with the rollout under way; or let what is in production serve again."""
    paths = Paths()
    with files.only_run(paths.rollout_lock):
        driver = make_controller(paths, load_params(paths.params))
        if driver.read().rollout is None:
            return Answer(note="nothing is in production yet; `contender rollout` brings it there")
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


def make_controller(paths: Paths, params: Params) -> Any:
    """The controller of the target that params.yaml names."""
    from contender.deploy.controller import Controller, Hooks

    target = _make_target(paths, params)
    hooks = Hooks(
        stage=lambda address, digest: "",
        promote=lambda rollout: _promote(paths, rollout, target.fleet),
    )
    return Controller(target, paths.rollout / "state.json", params.release, hooks)


def _make_target(paths: Paths, params: Params) -> Any:
    """Servers of this machine, and the proxy before them."""
    from contender.deploy.local import Processes
    from contender.deploy.proxy import Proxy
    from contender.deploy.target import Target

    folder = paths.rollout / "proxy"
    if params.release.target == "compose":
        from contender.deploy.compose import make_target

        return make_target(paths.bundles, folder)
    fleet = Processes(paths.rollout / "servers", paths.bundles)
    return Target(fleet, Proxy(folder, f"127.0.0.1:{params.release.port}"))


def _finish(driver: Any) -> Answer:
    """What became of the rollout: exit code 0 in production, 20 rolled back, 10 waiting."""
    from contender.deploy.controller import describe

    done = driver.run().rollout
    codes = {"done": 0, "rolled-back": 20}
    return Answer(text=describe(done), code=codes.get(done.phase, 10))


def _promote(paths: Paths, rollout: Any, fleet: Any) -> None:
    from contender.commands.ledger import open_registry
    from contender.release import passage

    bundle = fleet.bundle(rollout.challenger)
    passage.promote(open_registry(paths), bundle, is_return=bool(rollout.undoes))
