#!/usr/bin/env python3
"""Rebuilds the bundled table of cloud instances from Cloud Carbon Footprint's npm packages, from Google's rule of names
and from the rows entered by hand: `python scripts/refresh_instances.py TARBALLS [--check]`.

TARBALLS is a folder of what `npm pack` gives of @cloud-carbon-footprint/aws@0.15.0, azure@1.8.0 and core@1.0.0, and of
@grnsft/if-unofficial-plugins@0.3.1 (local disks of AWS's types)."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "python/impact_tracker/factors/data/instances.json"
BY_HAND = ROOT / "scripts/data/instances_by_hand.csv"
AWS, AZURE, CORE, DISKS = "aws-0.15.0", "azure-1.8.0", "core-1.0.0", "if-unofficial-plugins-0.3.1"
SOURCES = {
    "ccf": {
        "source": "Cloud Carbon Footprint: @cloud-carbon-footprint/aws 0.15.0, /azure 1.8.0 and /core 1.0.0 "
        "(instances, and watts of a virtual core by SPECpower)",
        "url": "https://www.npmjs.com/package/@cloud-carbon-footprint/aws",
        "licence": "Apache-2.0",
    },
    "disks": {
        "source": "AWS's description of its types, in @grnsft/if-unofficial-plugins 0.3.1 (local disks)",
        "url": "https://www.npmjs.com/package/@grnsft/if-unofficial-plugins",
        "licence": "MIT",
    },
}
ABOUT = [
    "Each row: type, virtual cores, memory in GiB, processor, its architecture, virtual cores of the whole host, its",
    "sockets (null: not known), cards (null: not known; less than 1: a share of one), the card.",
    "watts: of a virtual core, idle and full. disks: how many local ones a type has, GB of each, whether they spin.",
]
EPYC = {f"AMD_EPYC_{n}_GEN": f"EPYC {n[0]}{n[1:].lower()} Gen" for n in ("1ST", "2ND", "3RD")}
ARCHITECTURES = {
    **EPYC,
    "CASCADE_LAKE": "Cascade Lake",
    "SKYLAKE": "Skylake",
    "BROADWELL": "Broadwell",
    "HASWELL": "Haswell",
    "COFFEE_LAKE": "Coffee Lake",
    "SANDY_BRIDGE": "Sandy Bridge",
    "IVY_BRIDGE": "Ivy Bridge",
    "ICELAKE": "Ice Lake",
    "AWS_GRAVITON": "Graviton",
    "AWS_GRAVITON_2": "Graviton2",
}
MIB_STATED = {"t1.micro": 613}  # where the source states MiB among GiB
# Not instances of a type of their own: physical servers of SAP HANA, and a second spelling of cc2.
LEFT_OUT = re.compile(r"^S\d+|^c2\.|^vCore|^\d")

# Google: GiB of memory for each virtual core, and the virtual cores that its documentation lists.
_E2 = (2, 4, 8, 16, 32)
_N1 = (2, 4, 8, 16, 32, 64, 96)
_N2 = (2, 4, 8, 16, 32, 48, 64, 80, 96)
_N2D = (2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224)
_C2D = (2, 4, 8, 16, 32, 56, 112)
_C3 = (4, 8, 22, 44, 88, 176)
_C3D = (4, 8, 16, 30, 60, 90, 180, 360)
_C4 = (2, 4, 8, 16, 24, 32, 48, 96, 144, 192, 288)
_C4A = (1, 2, 4, 8, 16, 32, 48, 64, 72)
_C4D = (2, 4, 8, 16, 32, 48, 64, 96, 192, 384)
_N4 = (2, 4, 8, 16, 32, 48, 64, 80)


class Family(NamedTuple):
    """A family of Google's: processor and architecture where it has one, and its kinds."""

    cpu: str | None
    architecture: str | None
    kinds: dict[str, tuple[float, tuple[int, ...]]]


GOOGLE = {
    "e2": Family(None, None, {"standard": (4, _E2), "highmem": (8, _E2[:-1]), "highcpu": (1, _E2)}),
    "n1": Family(None, None, {"standard": (3.75, (1, *_N1)), "highmem": (6.5, _N1), "highcpu": (0.9, _N1)}),
    "n2": Family(
        None,
        "Cascade Lake or Ice Lake",
        {"standard": (4, (*_N2, 128)), "highmem": (8, _N2), "highcpu": (1, _N2)},
    ),
    "n2d": Family(
        None,
        "EPYC 2nd Gen or EPYC 3rd Gen",
        {"standard": (4, _N2D), "highmem": (8, _N2D[:-2]), "highcpu": (1, _N2D)},
    ),
    "n4": Family(None, "Emerald Rapids", {"standard": (4, _N4), "highmem": (8, _N4), "highcpu": (2, _N4)}),
    "c2": Family(None, "Cascade Lake", {"standard": (4, (4, 8, 16, 30, 60))}),
    "c2d": Family(None, "EPYC 3rd Gen", {"standard": (4, _C2D), "highmem": (8, _C2D), "highcpu": (2, _C2D)}),
    "c3": Family(None, "Sapphire Rapids", {"standard": (4, _C3), "highmem": (8, _C3), "highcpu": (2, _C3)}),
    "c3d": Family(None, "EPYC 4th Gen", {"standard": (4, _C3D), "highmem": (8, _C3D), "highcpu": (2, _C3D)}),
    "c4": Family(None, None, {"standard": (3.75, _C4), "highmem": (7.75, _C4), "highcpu": (2, _C4)}),
    "c4a": Family("Google Axion", None, {"standard": (4, _C4A), "highmem": (8, _C4A), "highcpu": (2, _C4A)}),
    "c4d": Family(
        None, "EPYC 5th Gen", {"standard": (3.875, _C4D), "highmem": (7.875, _C4D), "highcpu": (1.875, _C4D)}
    ),
    "t2d": Family(None, "EPYC 3rd Gen", {"standard": (4, (1, 2, 4, 8, 16, 32, 48, 60))}),
    "t2a": Family("Ampere Altra Q80-30", None, {"standard": (4, (1, 2, 4, 8, 16, 32, 48))}),
    "h3": Family(None, "Sapphire Rapids", {"standard": (4, (88,))}),
    "m3": Family(None, "Ice Lake", {"ultramem": (30.5, (32, 64, 128)), "megamem": (15.25, (64, 128))}),
    "z3": Family(None, "Sapphire Rapids", {"highmem": (8, (88, 176))}),
}
LOCAL_DISKS = {
    "c3": ("standard",),
    "c3d": ("standard", "highmem"),
    "c4a": ("standard", "highmem"),
}  # from 4 and 8 virtual cores as `-lssd` too
GOOGLE_ODD = {  # shared cores, and sizes that follow no rule: virtual cores, GiB, the host's virtual cores
    "f1-micro": (0.2, 0.6, 96),
    "g1-small": (0.5, 1.7, 96),
    "e2-micro": (0.25, 1, 32),
    "e2-small": (0.5, 2, 32),
    "e2-medium": (1, 4, 32),
    "n2-highmem-128": (128, 864, 128),
    "m1-ultramem-40": (40, 961, 160),
    "m1-ultramem-80": (80, 1922, 160),
    "m1-ultramem-160": (160, 3844, 160),
    "m1-megamem-96": (96, 1433.6, 160),
    "m2-ultramem-208": (208, 5888, 416),
    "m2-ultramem-416": (416, 11776, 416),
    "m2-megamem-416": (416, 5888, 416),
    "m2-hypermem-416": (416, 8832, 416),
}

Sizes = dict[str, tuple[float, float, str]]  # virtual cores, GiB and family of a type
Row = list[object]


def text_of(folder: Path, package: str, member: str, within: str = "dist") -> str:
    """A file of a package's tarball, by whichever of npm's two names it has."""
    name = package.rsplit("/", 1)[-1]
    tarballs = [path for path in sorted(folder.glob("*.tgz")) if path.name.endswith(f"{name}.tgz")]
    if not tarballs:
        raise SystemExit(f"{folder}: no tarball of {name}; see --help")
    with tarfile.open(tarballs[0]) as archive:
        stream = archive.extractfile(f"package/{within}/{member}")
        assert stream is not None
        return stream.read().decode("utf-8")


def exported(text: str, name: str) -> dict[str, object]:
    """An object or list that a module writes out, as JSON: names of processors become strings."""
    match = re.search(rf"^( *){re.escape(name)}(?: =|:) (\{{.*?\n\1\}}|\[[^\]]*\])[;,]", text, re.DOTALL | re.MULTILINE)
    if match is None:
        raise SystemExit(f"the package has no {name} any more")
    body = re.sub(r"\[?\b(?:core_1\.)?COMPUTE_PROCESSOR_TYPES\.(\w+)\]?(?=:)", r'"\1"', match[2])
    body = re.sub(r"(?:core_1\.)?COMPUTE_PROCESSOR_TYPES\.(\w+)", r'"\1"', body)
    body = re.sub(r"(?:\.\.\.)?core_1\.(\w+)", r'"@\1"', body)
    body = re.sub(r"'\s*([^'\n]*?)\s*'", r'"\1"', body)
    body = re.sub(r"(?m)^(\s*)(\w+):", r'\1"\2":', body)
    document = json.loads(re.sub(r",(\s*[}\]])", r"\1", body))
    return document if isinstance(document, dict) else {name: document}


def architectures(listed: object, core: str) -> str | None:
    """`Skylake or Cascade Lake` of a list of processors; `None` where it names an unknown one."""
    names = list(listed) if isinstance(listed, list) else [listed]
    while any(str(name).startswith("@") for name in names):
        group = next(str(name)[1:] for name in names if str(name).startswith("@"))
        members = exported(core, f"exports.{group}")[f"exports.{group}"]
        assert isinstance(members, list)
        names = [*(name for name in names if name != f"@{group}"), *members]
    known = [ARCHITECTURES.get(str(name)) for name in dict.fromkeys(names)]
    return None if not known or None in known else " or ".join(str(name) for name in known)


def aws_sizes(text: str) -> Sizes:
    sizes: Sizes = {}
    for table in ("REDSHIFT_INSTANCE_TYPES", "INSTANCE_FAMILY_TO_INSTANCE_TYPE_MAPPING", "EC2_INSTANCE_TYPES"):
        for family, types in exported(text, f"exports.{table}").items():
            assert isinstance(types, dict)
            for size, (vcpus, memory, *_) in types.items():
                name = f"{family}.{size}"
                gib = MIB_STATED[name] / 1024 if name in MIB_STATED else memory
                sizes[name] = (vcpus, round(gib, 3), family)
    for table in ("RDS_INSTANCE_TYPES", "CACHE_NODE_TYPES"):  # managed services run on the types of that name
        for name, vcpus in exported(text, f"exports.{table}").items():
            like = sizes.get(name.split(".", 1)[1])
            if like is not None and like[0] == vcpus:
                sizes[name] = like
    return sizes


def azure_sizes(text: str) -> Sizes:
    sizes: Sizes = {}
    families: dict[str, str] = {}
    for series, types in exported(text, "exports.VIRTUAL_MACHINE_TYPE_SERIES_MAPPING").items():
        assert isinstance(types, dict)
        for name, (vcpus, memory, *_) in types.items():
            bare = re.sub(r" 1$", "", name)  # the mark of a footnote
            sizes[bare] = (vcpus, memory, series)
            families[re.sub(r"\d+", "#", bare, count=1).casefold()] = series
    for name, values in exported(text, "exports.VIRTUAL_MACHINE_TYPE_CONSTRAINED_VCPU_CAPABLE_MAPPING").items():
        assert isinstance(values, list)
        family = re.sub(r"\d+-\d+", "#", name, count=1).casefold()
        sizes[name] = (values[2], values[1], families.get(family, family))  # the virtual cores that it reserves
    return sizes


def packaged_rows(sizes: Sizes, processors: dict[str, object], core: str) -> dict[str, Row]:
    largest: dict[str, float] = {}
    for vcpus, _, family in sizes.values():
        largest[family] = max(largest.get(family, 0), vcpus)
    rows: dict[str, Row] = {}
    for name, (vcpus, gib, family) in sizes.items():
        if LEFT_OUT.search(name):
            continue
        bare = re.sub(r"^(db|cache)\.", "", name)
        architecture = architectures(processors[bare], core) if bare in processors else None
        cpu = f"AWS {architecture}" if architecture in ("Graviton", "Graviton2") else None
        rows[name] = [name, vcpus, gib, cpu, architecture, round(largest[family]), None, 0, None]
    return rows


def google_rows() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for family, (cpu, architecture, kinds) in GOOGLE.items():
        host = max(max(sizes) for _, sizes in kinds.values())
        for kind, (gib, sizes) in kinds.items():
            for vcpus in sizes:
                disks = ("", "-lssd") if kind in LOCAL_DISKS.get(family, ()) and vcpus >= 4 else ("",)
                for suffix in disks:
                    name = f"{family}-{kind}-{vcpus}{suffix}"
                    rows[name] = [name, vcpus, round(gib * vcpus, 3), cpu, architecture, host, None, 0, None]
    for name, (shared, gib, host) in GOOGLE_ODD.items():
        rows[name] = [name, shared, gib, None, None, host, None, 0, None]
    return rows


def add_by_hand(rows: dict[str, dict[str, Row]]) -> None:
    """The rows entered by hand: cards, and what the packages lack."""
    lines = [line for line in BY_HAND.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for typed in csv.DictReader(lines):
        cloud, name = typed["provider"], typed["type"]
        row = rows[cloud].get(name) or [name, None, None, None, None, None, None, 0, None]
        for column, key in ((1, "vcpus"), (2, "memory_gib"), (5, "host_vcpus"), (6, "host_sockets")):
            if typed[key]:
                row[column] = _number(typed[key])
        row[4] = typed["architecture"] or row[4]
        row[5] = row[5] or row[1]
        row[7] = None if typed["cards"] == "unknown" else _number(typed["cards"])
        row[8] = typed["card"] or None
        if row[1] is None or row[2] is None:
            raise SystemExit(f"{name}: no package has its size any more: type it in {BY_HAND.name}")
        rows[cloud][name] = row


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() else value


def watts(aws: str, azure: str) -> dict[str, list[float]]:
    """Idle and full of a virtual core, by architecture."""
    pairs: dict[str, list[float]] = {}
    for text in (aws, azure):
        idle, full = (exported(text, f"{end}_WATTS_BY_COMPUTE_PROCESSOR") for end in ("MIN", "MAX"))
        for key, name in ARCHITECTURES.items():
            low, high = idle.get(key), full.get(key)
            if isinstance(low, (int, float)) and isinstance(high, (int, float)):
                pairs[name] = [low, high]
    return dict(sorted(pairs.items()))


def aws_disks(folder: Path) -> dict[str, list[object]]:
    """How many local disks a type has, GB of each, whether they spin."""
    disks: dict[str, list[object]] = {}
    for row in json.loads(text_of(folder, DISKS, "ccf/aws-instances.json", "build/lib")):
        told = row["Storage Info (Type and Size in GB)"]
        numbers = re.sub(r"SSD|HDD|NVMe|[() .]", "", told)  # 2x1900, 160, 8TB; "1.900" and "1 900" are thousands
        spelled = re.fullmatch(r"(?:(\d+)x)?(\d+)(TB)?", numbers)
        if spelled is not None:
            size, spins = int(spelled[2]), "HDD" in told
            # A disk that spins has a thousand GB or more: smaller numbers are TB.
            in_tb = spelled[3] or (spins and size < 100)
            disks[row["Instance type"]] = [int(spelled[1] or 1), size * 1000 if in_tb else size, spins]
    return dict(sorted(disks.items()))


def built(folder: Path) -> str:
    core = text_of(folder, CORE, "compute/ComputeProcessorTypes.js")
    aws = text_of(folder, AWS, "lib/AWSInstanceTypes.js")
    azure = text_of(folder, AZURE, "lib/VirtualMachineTypes.js")
    processors = "exports.INSTANCE_TYPE_COMPUTE_PROCESSOR_MAPPING"
    rows = {
        "aws": packaged_rows(aws_sizes(aws), exported(aws, processors), core),
        "azure": packaged_rows(azure_sizes(azure), exported(azure, processors), core),
        "gcp": google_rows(),
    }
    add_by_hand(rows)
    by_core = watts(
        text_of(folder, AWS, "domain/AwsFootprintEstimationConstants.js"),
        text_of(folder, AZURE, "domain/AzureFootprintEstimationConstants.js"),
    )
    head = json.dumps({"sources": SOURCES, "about": ABOUT}, indent=1, ensure_ascii=False)[:-2]
    pairs = ",\n".join(f"  {json.dumps(name)}: {json.dumps(pair)}" for name, pair in by_core.items())
    clouds = ",\n".join(
        f"  {json.dumps(cloud)}: [\n" + ",\n".join(f"   {json.dumps(types[name])}" for name in sorted(types)) + "\n  ]"
        for cloud, types in rows.items()
    )
    known = {name: disks for name, disks in aws_disks(folder).items() if name in rows["aws"]}
    local = ",\n".join(f"   {json.dumps(name)}: {json.dumps(disks)}" for name, disks in known.items())
    disks = f' "disks": {{\n  "aws": {{\n{local}\n  }}\n }}'
    return f'{head},\n "watts": {{\n{pairs}\n }},\n{disks},\n "rows": {{\n{clouds}\n }}\n}}\n'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tarballs", type=Path, help="folder of the npm packages' tarballs")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the table is another")
    args = parser.parse_args()
    text = built(args.tarballs)
    if args.check:
        return int(text != TABLE.read_text(encoding="utf-8"))
    TABLE.write_text(text, encoding="utf-8")
    counts = {cloud: len(types) for cloud, types in json.loads(text)["rows"].items()}
    print(f"{TABLE.relative_to(ROOT)}: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
