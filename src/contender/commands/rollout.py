"""Commands to production and back: rollout, approve, rollback, resume, status."""

from pathlib import Path
from typing import Any

from contender import files
from contender.commands.answer import Answer
from contender.commands.trial import require_groups
from contender.errors import DeployError, LedgerError, RegistryError
from contender.params import Params, ReleaseParams, load_params
from contender.paths import Paths


def rollout(bundle: str | None, local: bool) -> Answer:
    """Bring a bundle to production, beside the champion and judged against it; or go on with it."""
    require_groups()
    from contender.bundle import open_bundle
    from contender.deploy import state
    from contender.release.passage import require_passage

    paths = Paths()
    with files.only_run(paths.rollout_lock):
        driver = make_controller(paths, local=local)
        deployment = driver.read()
        if bundle or not (under_way := deployment.rollout) or under_way.is_over:
            opened = open_bundle(Path(bundle) if bundle else paths.current)
            require_passage(opened)
            driver.write(state.begin(deployment, opened.digest))
        return _finish(driver, paths, local=local)


def approve(by: str, local: bool) -> Answer:
    """Let the rollout that waits for it go to production."""
    require_groups()
    from contender.ledger import Kind

    paths = Paths()
    with files.only_run(paths.rollout_lock):
        driver = make_controller(paths, local=local)
        waiting = driver.read().rollout
        if waiting is None or waiting.phase != "approval":
            raise DeployError(
                f"the rollout is in phase `{waiting.phase if waiting else 'none'}`; expected one "
                "that waits for its approval.",
                hint="`contender status` says how far it is",
            )
        _note(paths, Kind.APPROVE, waiting.challenger, reason=f"approved by {by}", local=local)
        driver.write(waiting.model_copy(update={"approved_by": by}))
        return _finish(driver, paths, local=local)


def rollback(to: str | None, reason: str, local: bool) -> Answer:
    """End the rollout under way; or bring back what was in production before."""
    require_groups()
    from contender.deploy import state

    paths = Paths()
    with files.only_run(paths.rollout_lock):
        driver = make_controller(paths, local=local)
        driver.write(state.step_back(driver.read(), to=to, reason=reason))
        return _finish(driver, paths, local=local)


def resume(local: bool) -> Answer:
    """Go on with the rollout under way; or let what is in production serve again."""
    require_groups()
    paths = Paths()
    with files.only_run(paths.rollout_lock):
        driver = make_controller(paths, local=local)
        if driver.read().rollout is None:
            return Answer(note="nothing is in production yet; `contender rollout` brings it there")
        return _finish(driver, paths, local=local)


def status(as_json: bool) -> Answer:
    """What is in production, whether it answers, and how far a rollout is."""
    require_groups()
    from contender.deploy.rollout import describe
    from contender.deploy.target import Server

    paths = Paths()
    driver = make_controller(paths, local=True)
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
        if deployment.rollout.message and not deployment.rollout.reason:
            lines.append(f"             {deployment.rollout.message}")
    for digest, why in deployment.quarantine.items():
        lines.append(f"quarantine   {digest[:12]}  {why}")
    return Answer(text="\n".join(lines))


def make_controller(paths: Paths, *, local: bool) -> Any:
    """The controller of the target that params.yaml names."""
    from contender.deploy.controller import Controller, Hooks

    params = load_params(paths.params)
    target = _make_target(paths, params.release)
    hooks = Hooks(
        stage=lambda address, digest: _stage(paths, params, address, target.fleet.bundle(digest)),
        promote=lambda rollout: _promote(paths, rollout, local=local),
    )
    return Controller(target, paths.rollout / "state.json", params.release, hooks)


def _make_target(paths: Paths, params: ReleaseParams) -> Any:
    """Servers, and the proxy before them: processes of this machine, or containers of it."""
    folder = paths.rollout / "proxy"
    if params.target == "compose":
        from contender.deploy.compose import make_target

        return make_target(paths.bundles, folder)
    from contender.deploy.local import Processes
    from contender.deploy.proxy import Proxy
    from contender.deploy.target import Target

    fleet = Processes(paths.rollout / "servers", paths.bundles)
    return Target(fleet, Proxy(folder, f"127.0.0.1:{params.port}"))


def _finish(driver: Any, paths: Paths, *, local: bool) -> Answer:
    """What became of the rollout: exit code 0 in production, 10 waiting, 20 rolled back."""
    from contender.deploy.rollout import describe
    from contender.ledger import Kind

    deployment = driver.run()
    for digest, why in deployment.quarantine.items():
        if (paths.bundles / digest).is_dir():  # one that is gone was noted while it was there
            _note(paths, Kind.QUARANTINE, digest, reason=why, local=local)
    done = deployment.rollout
    codes = {"done": 0, "rolled-back": 20}
    return Answer(text=describe(done), code=codes.get(done.phase, 10))


def _stage(paths: Paths, params: Params, address: str, bundle: Any) -> str:
    """What is wrong with the server of `bundle` at `address`; all that was found is kept."""
    from contender.deploy.staging import run_checks

    found = run_checks(address, bundle, params)
    files.write_json(paths.staging, found.to_json())
    return str(found.fault)


def _promote(paths: Paths, rollout: Any, *, local: bool) -> None:
    """Make the challenger the champion, in the ledger first; one that returns needs no verdict.

    Raises:
        RaceError: the champion is no longer the one it was judged against.
        RegistryError: registry or ledger cannot be reached, or refuse.
    """
    from contender.bundle import open_bundle
    from contender.commands.ledger import open_record, open_registry
    from contender.commands.release import prize_of
    from contender.release import passage, promote

    bundle = open_bundle(paths.bundles / rollout.challenger, digest=rollout.challenger)
    try:
        record = open_record(paths, local=local)
        registry = open_registry(paths)
        if reason := rollout.undoes:
            passage.bring_back(record.ledger, registry, bundle, record.who, reason=reason)
            return
        version = passage.find_version(registry, bundle)
        decision = passage.read_decision(bundle)
        record.enter(decision, prize=prize_of(registry, version, bundle.digest, paths))
        promote.promote(registry, decision, version, expected=registry.champion())
    except LedgerError as error:
        raise RegistryError(error.args[0], hint=error.hint) from error


def _note(paths: Paths, kind: Any, digest: str, *, reason: str, local: bool) -> None:
    from contender.bundle import open_bundle
    from contender.ledger import find_circumstances, open_ledger
    from contender.release import passage

    bundle = open_bundle(paths.bundles / digest, digest=digest)
    ledger = open_ledger(paths.root, local=local)
    passage.note(ledger, kind, bundle, find_circumstances(paths.root), reason=reason)
