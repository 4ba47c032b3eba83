"""What the figures are meant to reach, and whether they do."""

from collections.abc import Mapping
from dataclasses import dataclass

from cold.contestants import CUSTODIAN, EMPTY, LOG_GROUPS, PYTHON
from cold.measure import Figures

# By contestant, case, and whether over TLS.
Table = Mapping[tuple[str, str, bool], Figures]


@dataclass(frozen=True)
class Target:
    """One figure, and what it is held to."""

    what: str
    figure: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    def row(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"| {self.what} | {self.figure:.2f} {self.unit} | {sign} {self.limit:g} {self.unit} | {'met' if self.met else '**not met**'} |"


def targets(table: Table, sizes: Mapping[str, int]) -> list[Target]:
    """All that the figures at hand allow to be told."""
    found: list[Target] = []
    guards = sorted(name for name in sizes if name.endswith("-guard"))

    def known(name: str, case: str, secure: bool) -> Figures | None:
        return table.get((name, case, secure))

    floor = known(EMPTY, "no call", False)
    for guard in guards:
        start = known(guard, "no call", False)
        if start and floor and start.instructions and floor.instructions:
            what = f"{guard}: instructions without a call, against the empty handler"
            found.append(Target(what, start.instructions / floor.instructions, 1.5, "×"))
    one = known(LOG_GROUPS, "compliant", False)
    if one and one.instructions:
        found.append(Target(f"{LOG_GROUPS}: instructions, compliant, plain HTTP", one.instructions / 1e6, 4.0, "M"))
    for guard in guards:
        peaks = [it.peak for (name, _, secure), it in table.items() if name == guard and secure]
        if peaks:
            found.append(Target(f"{guard}: peak memory over TLS, of all cases", max(peaks), 8.0, "MiB"))
        limit = 2.6 if guard == "key-guard" else 2.0
        found.append(Target(f"{guard}: package", sizes[guard] / 1e6, limit, "MB"))
    compliant, repaired = known(LOG_GROUPS, "compliant", True), known(LOG_GROUPS, "repaired", True)
    if compliant:
        found.append(Target(f"{LOG_GROUPS}: calls, compliant", len(compliant.calls), 1, "calls"))
    if repaired:
        found.append(Target(f"{LOG_GROUPS}: calls, repaired, read back and paged", len(repaired.calls), 6, "calls"))
        found.append(Target(f"{LOG_GROUPS}: CPU, repaired over TLS", repaired.cpu, 10.0, "ms"))
        for name, wall, cpu in [(PYTHON, 25, 45), (CUSTODIAN, 40, 70)]:
            if other := known(name, "repaired", True):
                found.append(Target(f"{name}: wall, repaired over TLS", other.wall / repaired.wall, wall, "×", at_least=True))
                found.append(Target(f"{name}: CPU, repaired over TLS", other.cpu / repaired.cpu, cpu, "×", at_least=True))
    return found
