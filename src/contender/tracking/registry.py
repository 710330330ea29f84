"""Champion, challenger, verdicts: what MLflow is asked, and nothing of how it answers."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contender.errors import RaceError, RegistryError
from contender.tracking.bundles import fetch_bundle
from contender.tracking.failures import asking, hide_password
from contender.tracking.judgements import ORDER, PROMOTED, TERMS, order, position, read_terms
from contender.tracking.mutex import LEASE_S, alone
from contender.tracking.recording import Recording, ensure_model
from contender.tracking.values import Judgement, Result, Version
from contender.tracking.versions import read_aliased, read_version, read_versions

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
PREVIOUS: Final = "previous"
BUNDLED: Final = "bundle_sha256"  # the tag with the digest of what ships
SPENT: Final = "spent."  # + the digest of a holdout; the value is the look
LOOKS: Final = "looks."  # + the digest of a holdout; on the model: who looked, by the ledger


@dataclass(frozen=True)
class Registry:
    """The models of one problem: every distinct result a version, roles by alias.

    `address` is the tracking URI and `location` where a new experiment keeps its files. Every
    method raises RegistryError when the registry cannot be reached or refuses: no answer is never
    the answer "none".
    """

    client: "MlflowClient"
    name: str
    address: str
    location: str | None
    lease_s: float = LEASE_S

    @property
    def shown(self) -> str:
        """The address as it may be printed."""
        return hide_password(self.address)

    def champion(self) -> Version | None:
        """The version in production; None before the first promotion.

        Raises:
            RegistryError: there were promotions, but the alias is gone: deleted by hand, or with
                its version.
        """
        with asking(self.shown, "name the champion"):
            champion = read_aliased(self.client, self.name, CHAMPION)
        if champion is None and (lost := [v for v in self.versions() if PROMOTED in v.tags]):
            raise RegistryError(
                f"no version of `{self.name}` has the alias `{CHAMPION}`, but version "
                f"{lost[-1].number} was promoted; expected a champion after a promotion.",
                hint=f"give the alias `{CHAMPION}` back to the version that serves, "
                "for example in the registry's web page",
            )
        return champion

    def previous(self) -> Version | None:
        """The version that was in production before; None before the second promotion."""
        with asking(self.shown, "name the previous champion"):
            return read_aliased(self.client, self.name, PREVIOUS)

    def challenger(self) -> Version | None:
        """The version recorded last; None when nothing was."""
        with asking(self.shown, "name the challenger"):
            return read_aliased(self.client, self.name, CHALLENGER)

    def versions(self) -> list[Version]:
        """All versions, oldest first; their aliases are left out."""
        with asking(self.shown, "list its versions"):
            return read_versions(self.client, self.name)

    def find(self, digest: str) -> Version | None:
        """The newest version of the model with this SHA-256; None when it was never recorded."""
        with asking(self.shown, "list its versions"):
            same = [item for item in self.versions() if item.digest == digest]
            return read_version(self.client, self.name, same[-1].number) if same else None

    def log(self, result: Result) -> Version:
        """The version of `result`, now the challenger; only a result that is new is added.

        Raises:
            IntegrityError: the model changed while it was being recorded.
        """
        version = self.add(result)
        with asking(self.shown, "name the challenger"):
            self._point(CHALLENGER, version)
            return read_version(self.client, self.name, version.number)

    def add(self, result: Result) -> Version:
        """The version of `result`, which takes no role; it raises what `log` raises."""
        with asking(self.shown, "record the result"):
            recording = Recording(self.client, self.name, self.location, self.lease_s, result)
            return recording.finish()

    def tag(self, version: Version, tags: Mapping[str, str]) -> Version:
        """`version` with `tags` added or replaced."""
        with asking(self.shown, f"tag version {version.number}"):
            for key, value in tags.items():
                self.client.set_model_version_tag(self.name, str(version.number), key, value)
            return read_version(self.client, self.name, version.number)

    def move_champion(self, version: Version, *, expected: Version | None) -> Version:
        """`version`, now the champion in place of `expected`, which becomes the previous one.

        Raises:
            RaceError: the champion is not, or no longer, `expected`.
        """
        with (
            asking(self.shown, "move the champion"),
            alone(self.client, self.name, lease_s=self.lease_s) as turn,
        ):
            current = read_aliased(self.client, self.name, CHAMPION)
            _require_same(current, expected)
            turn.require()
            if current and current.number != version.number:
                self._point(PREVIOUS, current)
            self._point(CHAMPION, version)
            # The alias can also be moved by hand, where no turn is taken: look once more.
            moved = read_aliased(self.client, self.name, CHAMPION)
            _require_same(moved, version)
            return read_version(self.client, self.name, version.number)

    def fetch(self, version: Version, folder: Path) -> Path:
        """The bundle of `version` in a folder below `folder` named by its digest, proven.

        Raises:
            IntegrityError: a file is not the one that was recorded, there or in the cached copy.
        """
        with asking(self.shown, f"hand out version {version.number}"):
            return fetch_bundle(self.client, self.name, version, folder, uri=self.address)

    def judged(self, holdout: str) -> list[str]:
        """The digests of the models that used up a look at `holdout`, each once, in order."""
        with asking(self.shown, "list its verdicts"):
            tag = f"{SPENT}{holdout}"
            looks = [(int(v.tags[tag]), v.number, v) for v in self.versions() if tag in v.tags]
            here = [version.digest for *_, version in sorted(looks)]
            return list(dict.fromkeys([*self._judged_elsewhere(holdout), *here]))

    def import_looks(self, looks: Mapping[str, Sequence[str]]) -> None:
        """Count the models in `looks`, by holdout, as judged on it, whoever judged them."""
        for holdout, judged in looks.items():
            if set(judged) - set(self.judged(holdout)):
                with asking(self.shown, "import the looks at a holdout"):
                    ensure_model(self.client, self.name)
                    text = " ".join(dict.fromkeys([*self._judged_elsewhere(holdout), *judged]))
                    self.client.set_registered_model_tag(self.name, f"{LOOKS}{holdout}", text)

    def record_verdict(self, version: Version, judgement: Judgement) -> Version:
        """`version` with the verdict in its tags and, when it is spent, its look at the holdout.

        Raises:
            RaceError: another challenger was judged on the holdout meanwhile, so that the verdict
                rests on an error level that is no longer this challenger's.
        """
        tags = {"verdict": judgement.verdict, "decision_sha256": judgement.decision}
        if not judgement.spent:
            return self.tag(version, {f"last_{key}": value for key, value in tags.items()})
        with (
            asking(self.shown, "record the verdict"),
            alone(self.client, self.name, lease_s=self.lease_s) as turn,
        ):
            look = position(self.judged(judgement.holdout), version.digest)
            if look != judgement.look:
                raise RaceError(
                    f"the verdict took look {judgement.look} at the holdout, but look {look} is "
                    "next: another challenger was judged on it meanwhile. Nothing was changed.",
                    hint="run `contender gate` again",
                )
            turn.require()
            tags |= {TERMS: json.dumps(dict(judgement.terms), sort_keys=True)}
            tags |= {f"{SPENT}{judgement.holdout}": str(look)}
            on_record = read_version(self.client, self.name, version.number).tags
            if tags.items() - on_record.items():
                tags |= {ORDER: str(1 + max(map(order, self.versions())))}
            return self.tag(version, tags)

    def terms_before(self, digest: str) -> Mapping[str, Any] | None:
        """The parameters that the model judged last was judged by, the one with `digest` left out.

        None when no other model was judged or promoted; empty when the record of it is no use.
        """
        return read_terms([item for item in self.versions() if item.digest != digest])

    def best_promoted(
        self, metric: str, *, larger_is_better: bool, also: Version | None = None
    ) -> Version | None:
        """The version with the best `metric` of all that were ever champion; None before the first.

        Each was measured on the holdout of its day. `also` counts as if it had been promoted.

        Raises:
            RegistryError: none of them has that metric on file.
        """
        with asking(self.shown, "list its promotions"):
            champion = self.champion()  # counts without the tag: its promotion may have been killed
            named = {version.number for version in (champion, also) if version}
            promoted = [v for v in self.versions() if PROMOTED in v.tags or v.number in named]
            runs = {item.number: self.client.get_run(item.run_id) for item in promoted}
            scores = [
                (score if larger_is_better else -score, item.number, item)
                for item in promoted
                if math.isfinite(score := runs[item.number].data.metrics.get(metric, math.nan))
            ]
        if promoted and not scores:
            raise RegistryError(
                f"none of the {len(promoted)} promoted versions of `{self.name}` has the metric "
                f"`{metric}` on file; expected at least one to compare with.",
                hint="set `gate.primary` to a metric that was recorded, or `gate.mode` to improve",
            )
        return max(scores)[2] if scores else None

    def _judged_elsewhere(self, holdout: str) -> list[str]:
        found = self.client.search_registered_models(f"name='{self.name}'")
        return found[0].tags.get(f"{LOOKS}{holdout}", "").split() if found else []

    def _point(self, alias: str, version: Version) -> None:
        self.client.set_registered_model_alias(self.name, alias, str(version.number))


def _require_same(current: Version | None, expected: Version | None) -> None:
    if (current and current.number) != (expected and expected.number):
        raise RaceError(
            f"the champion is {_name(current)}; expected {_name(expected)}: "
            "somebody else moved it first.",
            hint="run `contender gate` again, against the champion there is now",
        )


def _name(version: Version | None) -> str:
    return f"version {version.number} (`{version.digest[:12]}`)" if version else "not set"
