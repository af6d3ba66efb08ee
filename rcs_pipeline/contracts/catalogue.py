"""The catalogue: every contract, measure, register entry and message, loaded and cross-checked once.

Belongs here: finding the files, joining them, and the checks that need more than one of them.
Does not belong here: the meaning of one file (see its own module).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from rcs_pipeline.contracts.alerts import Alerts
from rcs_pipeline.contracts.checklist import Checklist
from rcs_pipeline.contracts.delivery import CountRule, DeliveryContract, MatchRule
from rcs_pipeline.contracts.delivery_files import ALWAYS_THERE, read_delivery
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.implications import follow_ups_of, implications_of
from rcs_pipeline.contracts.lifecycle import Lifecycle
from rcs_pipeline.contracts.limits import IntakeLimits
from rcs_pipeline.contracts.lookup import named
from rcs_pipeline.contracts.measure_checks import check_battery, check_indicator, check_scale
from rcs_pipeline.contracts.measures import Indicator, MeasuresFile
from rcs_pipeline.contracts.messages import Message, MessagesFile
from rcs_pipeline.contracts.product import Product, Tabulation
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.contracts.quality import Battery
from rcs_pipeline.contracts.register import Register, RegisterFile
from rcs_pipeline.contracts.scales import Scale
from rcs_pipeline.contracts.yaml_files import Model, parse, read_yaml

Item = TypeVar("Item")
DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "data_contracts"


@dataclass(frozen=True)
class Catalogue:
    """Everything the contracts say."""

    folders: tuple[Path, ...]
    deliveries: dict[str, DeliveryContract]
    products: dict[str, Product]
    scales: dict[str, Scale]
    indicators: dict[str, Indicator]
    batteries: dict[str, Battery]
    register: Register
    messages: dict[str, Message]
    limits: IntakeLimits
    lifecycle: Lifecycle
    checklist: Checklist
    alerts: Alerts

    def delivery(self, dataset: str) -> DeliveryContract:
        """The contract of `dataset`; ContractError with the nearest name if there is none."""
        return named(self.deliveries, dataset, "dataset")

    def product(self, name: str) -> Product:
        """The data product `name`; ContractError with the nearest name if there is none."""
        return named(self.products, name, "data product")

    def instrument(self, name: str) -> DeliveryContract:
        """The survey contract whose instrument is `name`; ContractError if there is none."""
        surveys = {item.survey.instrument: item for item in self.deliveries.values() if item.survey}
        return named(surveys, name, "instrument")

    def indicators_of(self, instrument: str) -> tuple[Indicator, ...]:
        """The indicators of an instrument, in the order of their files."""
        return tuple(item for item in self.indicators.values() if item.instrument == instrument)

    def scales_of(self, instrument: str) -> tuple[Scale, ...]:
        """The scales of an instrument, in the order of their files (parts before their sums)."""
        return tuple(item for item in self.scales.values() if item.instrument == instrument)

    def batteries_of(self, instrument: str, minimum_items: int) -> tuple[Battery, ...]:
        """The batteries of an instrument: those declared, else its long scales with reversed items."""
        declared = tuple(item for item in self.batteries.values() if item.instrument == instrument)
        return declared or tuple(
            Battery(id=item.id, title=item.title, instrument=instrument, items=item.items)
            for item in self.scales_of(instrument)
            if 0 < len(item.reversed_items) < len(item.items)
            and not item.points
            and len(item.items) >= minimum_items
        )


def load_catalogue(*extra: Path, base: Path | None = DEFAULT_FOLDER) -> Catalogue:
    """Read the base folder and the extra ones given with `--contracts`.

    Args:
        extra: further folders of the same layout; they may add, never replace.
        base: the project's own contracts.

    Raises:
        ContractError: a folder is missing, a file is invalid, or two files contradict each other.
    """
    folders = tuple(folder for folder in (base, *extra) if folder is not None)
    for folder in folders:
        if not folder.is_dir():
            raise ContractError(
                "There is no such folder of contracts", where=str(folder), todo="Correct the path."
            )
    deliveries = [read_delivery(path) for path in _files(folders, "deliveries", "*.odcs.yaml")]
    measures = [_load(MeasuresFile, path) for path in _files(folders, "measures", "*.yaml")]
    register = [_load(RegisterFile, path) for path in _files(folders, "register", "*.yaml")]
    messages = [_load(MessagesFile, path) for path in _files(folders, "messages", "*.yaml")]
    products = [read_product(path.parent) for path in _files(folders, "products", "*/product.yaml")]
    catalogue = Catalogue(
        folders=folders,
        deliveries=_by_name(((item.dataset, item) for item in deliveries), "dataset"),
        products=_by_name(((item.id, item) for item in products), "data product"),
        scales=_by_name(((item.id, item) for file in measures for item in file.scales), "scale"),
        indicators=_by_name(((item.id, item) for file in measures for item in file.indicators), "indicator"),
        batteries=_by_name(((item.id, item) for file in measures for item in file.batteries), "battery"),
        register=Register(
            tranches=tuple(item for file in register for item in file.tranches),
            cpps=tuple(item for file in register for item in file.cpps),
            waves=tuple(item for file in register for item in file.waves),
            suppliers=tuple(item for file in register for item in file.suppliers),
            collections=tuple(item for file in register for item in file.collections),
            retention=tuple(item for file in register for item in file.retention),
        ),
        messages=_by_name(((item.id, item) for file in messages for item in file.messages), "message"),
        limits=_only(IntakeLimits, folders, "limits", "intake.yaml"),
        lifecycle=_only(Lifecycle, folders, "lifecycle", "release.yaml"),
        checklist=_only(Checklist, folders, "lifecycle", "checklist.yaml"),
        alerts=_only(Alerts, folders, "lifecycle", "alerts.yaml"),
    )
    _check(catalogue)
    told = {name: _with_implications(catalogue, item) for name, item in catalogue.products.items()}
    return replace(catalogue, products=told)


def _with_implications(catalogue: Catalogue, product: Product) -> Product:
    given = [
        (catalogue.indicators_of(name), catalogue.scales, catalogue.instrument(name))
        for name in product.instruments
    ]
    return replace(
        product,
        implications=tuple(item for one in given for item in implications_of(*one)),
        follow_ups=tuple(item for one in given for item in follow_ups_of(*one)),
    )


def _load(model: type[Model], path: Path) -> Model:
    return parse(model, read_yaml(path), str(path))


def _only(model: type[Model], folders: tuple[Path, ...], kind: str, name: str) -> Model:
    """A file that is declared once: a folder of further contracts adds, it does not loosen."""
    found = _files(folders, kind, name) or _files((DEFAULT_FOLDER,), kind, name)
    if len(found) > 1:
        raise ContractError(f"{kind}/{name} is declared twice", where=str(found[1]), todo="Remove it.")
    return _load(model, found[0])


def _files(folders: Iterable[Path], kind: str, pattern: str) -> list[Path]:
    return [path for folder in folders for path in sorted((folder / kind).glob(pattern))]


def _by_name(pairs: Iterable[tuple[str, Item]], noun: str) -> dict[str, Item]:
    result: dict[str, Item] = {}
    for name, item in pairs:
        if name in result:
            raise ContractError(
                f"The {noun} `{name}` is declared twice", todo="Rename or remove one of them."
            )
        result[name] = item
    return result


def _check(catalogue: Catalogue) -> None:
    for check in (_check_register, _check_rules, _check_measures, _check_products):
        check(catalogue)


def _check_register(catalogue: Catalogue) -> None:
    register = catalogue.register
    known = {
        "tranche": {item.id for item in register.tranches},
        "cpp": {item.code for item in register.cpps},
        "wave": {item.id for item in register.waves},
    }
    _by_name(((item.key, item) for item in register.collections), "collection")
    suppliers = {item.id for item in register.suppliers}
    for item in register.collections:
        for field, names in known.items():
            value = getattr(item, field)
            if value is not None and value not in names:
                raise ContractError(
                    f"Collection `{item.key}` names an unknown {field} `{value}`", where="register"
                )
        for dataset in item.datasets:
            named(catalogue.deliveries, dataset, "dataset")
        for dataset, supplier in item.suppliers.items():
            allowed = named(catalogue.deliveries, dataset, "dataset").options.suppliers
            if supplier not in allowed:
                raise ContractError(
                    f"Collection `{item.key}` names the supplier `{supplier}` for `{dataset}`",
                    where="register", expected=", ".join(allowed),
                )  # fmt: skip
    _by_name(((item.of, item) for item in register.retention), "retention rule")
    for contract in catalogue.deliveries.values():
        unknown = sorted(set(contract.options.suppliers) - suppliers)
        if unknown:
            raise ContractError(f"Unknown supplier(s): {', '.join(unknown)}", where=str(contract.path))


def _check_rules(catalogue: Catalogue) -> None:
    for contract in catalogue.deliveries.values():
        for rule in contract.rules:
            other: list[str] = []
            if isinstance(rule.check, MatchRule):
                other = [*rule.check.keys.values(), *rule.check.agree.values()]
            elif isinstance(rule.check, CountRule):
                other = [*rule.check.per.values(), rule.check.count]
            else:
                continue
            target = catalogue.delivery(rule.check.dataset)
            for name in other:
                target.stored_column(name)


def _check_measures(catalogue: Catalogue) -> None:
    waves = [item.id for item in catalogue.register.waves]
    for scale in catalogue.scales.values():
        check_scale(scale, catalogue.scales, catalogue.instrument(scale.instrument))
    for indicator in catalogue.indicators.values():
        check_indicator(indicator, catalogue.scales, catalogue.instrument(indicator.instrument), waves)
    for battery in catalogue.batteries.values():
        check_battery(battery, catalogue.scales, catalogue.instrument(battery.instrument))


def _check_products(catalogue: Catalogue) -> None:
    collections = {item.key: item for item in catalogue.register.collections}
    for product in catalogue.products.values():
        for dataset in product.file.datasets:
            catalogue.delivery(dataset)
        for decided in product.file.corrected_maps:
            named(collections, decided.collection, "collection", str(product.path))
        for tabulation in product.file.tabulations:
            contract = catalogue.instrument(tabulation.instrument)
            least = product.file.quality.straight_line_items
            for battery in catalogue.batteries_of(tabulation.instrument, least):
                if len(battery.items) < least:
                    raise ContractError(
                        f"The battery `{battery.id}` has {len(battery.items)} items",
                        where=str(product.path),
                        expected=f"at least {least}, the `straight_line_items` of the product",
                    )
            _check_groups(product, tabulation, contract)


def _check_groups(product: Product, tabulation: Tabulation, contract: DeliveryContract) -> None:
    """What is grouped by is there, and what a group's values are can be told from their joined names."""
    groups = {column.group or column.name: column for column in contract.columns}
    cells = contract.survey.weight.cells if contract.survey else ()
    grouped = [contract.column(name) for name in cells if name not in ALWAYS_THERE]
    for group in tabulation.groups:
        parts = [] if group == "all" else group.split("+")
        if set(parts) - set(groups) or parts != sorted(parts):
            raise ContractError(
                f"The group `{group}` cannot be tabulated for `{tabulation.instrument}`",
                where=str(product.path),
                expected="`all`, a column or group, or several joined by `+` in alphabetical order",
            )
        grouped += [groups[part] for part in parts]
    for column in grouped:
        codes = (column.group_values.get(code, code) for code in column.codes or {})
        if joined := sorted({value for value in (*codes, *column.group_values.values()) if "+" in value}):
            raise ContractError(
                f"The values {', '.join(joined)} of `{column.name}` hold a `+`, which joins values of groups",
                where=str(contract.path), expected="values without it, for people are grouped by this column",
                todo="Name these codes otherwise in `group_values`.",
            )  # fmt: skip
