"""What a record says of its machine: sockets, cores and cards from what the kernel writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.hostinfo import _amd_cards, _cloud, _product, _sockets_and_cores, hardware_of, host_info

CPUINFO = "processor\t: 0\nmodel name\t: X\nsiblings\t: {}\ncore id\t: 0\ncpu cores\t: {}\n\nprocessor\t: 1\n"


@pytest.mark.parametrize(
    ("siblings", "cores", "threads", "expected"),
    [
        (32, 16, 32, (1, 16)),
        (32, 16, 64, (2, 32)),
        (8, 8, 8, (1, 8)),
        (20, 14, 20, (1, 14)),  # performance cores have two threads, efficient ones one
        (2, 1, 1, (1, 1)),  # a thread switched off
        (0, 0, 4, (None, None)),
        ("", "", 4, (None, None)),
        (4, 2, None, (None, None)),
    ],
)
def test_sockets_and_cores(siblings: object, cores: object, threads: int, expected: tuple) -> None:
    assert _sockets_and_cores(CPUINFO.format(siblings, cores), threads) == expected


def test_arm_does_not_tell() -> None:
    assert _sockets_and_cores("processor\t: 0\nBogoMIPS\t: 50.00\n", 64) == (None, None)


def test_a_board_without_dmi_is_named_by_its_device_tree(tmp_path: Path) -> None:
    assert _product(str(tmp_path)) is None
    model = tmp_path / "proc/device-tree/model"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"NVIDIA Jetson AGX Orin Developer Kit\0")
    assert _product(str(tmp_path)) == "NVIDIA Jetson AGX Orin Developer Kit"
    table = tmp_path / "sys/class/dmi/id/product_name"
    table.parent.mkdir(parents=True)
    table.write_text("ThinkSystem\n")
    assert _product(str(tmp_path)) == "ThinkSystem"


@pytest.mark.parametrize(
    ("firmware", "cloud"),
    [
        ({"sys_vendor": "Amazon EC2", "product_name": "m5.large", "bios_vendor": "Amazon EC2"}, "aws"),
        ({"sys_vendor": "Xen", "product_name": "HVM domU", "bios_version": "4.11.amazon"}, "aws"),
        ({"sys_vendor": "Xen", "product_name": "HVM domU", "bios_version": "4.13"}, None),
        ({"sys_vendor": "Google", "product_name": "Google Compute Engine", "bios_vendor": "Google"}, "gcp"),
        ({"sys_vendor": "Google", "product_name": "Rammus"}, None),  # a laptop
        (
            {
                "sys_vendor": "Microsoft Corporation",
                "product_name": "Virtual Machine",
                "chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77",
            },
            "azure",
        ),
        ({"sys_vendor": "Microsoft Corporation", "product_name": "Virtual Machine"}, None),  # Hyper-V in a cellar
        ({"sys_vendor": "Scaleway", "product_name": "SCW-DEV1-S"}, "scaleway"),
        ({"sys_vendor": "QEMU", "product_name": "Standard PC", "chassis_asset_tag": "OracleCloud.com"}, "oracle"),
        ({"sys_vendor": "Alibaba Cloud", "product_name": "Alibaba Cloud ECS"}, "alibaba"),
        ({"sys_vendor": "DigitalOcean", "product_name": "Droplet"}, "digitalocean"),
        ({"sys_vendor": "Hetzner", "product_name": "vServer"}, "hetzner"),
        ({"sys_vendor": "Dell Inc.", "product_name": "PowerEdge R740"}, None),
        ({}, None),
    ],
)
def test_a_clouds_machine_says_whose_it_is(tmp_path: Path, firmware: dict[str, str], cloud: str | None) -> None:
    folder = tmp_path / "sys/class/dmi/id"
    folder.mkdir(parents=True)
    for file, words in firmware.items():
        (folder / file).write_text(words + "\n")
    assert _cloud(str(tmp_path)) == cloud
    assert hardware_of({"host": {"cloud": cloud}}).cloud == cloud


def test_amds_cards(tmp_path: Path) -> None:
    for card, vendor, name in (
        ("card0", "0x1002", "AMD Instinct MI250X"),
        ("card1", "0x8086", ""),
        ("card2", "0x1002", ""),
    ):
        device = tmp_path / card / "device"
        device.mkdir(parents=True)
        (device / "vendor").write_text(vendor + "\n")
        if name:
            (device / "product_name").write_text(name + "\n")
    assert [card["name"] for card in _amd_cards(str(tmp_path))] == ["AMD Instinct MI250X", ""]
    assert _amd_cards(str(tmp_path / "none")) == []


def test_this_machine_is_understood() -> None:
    known = hardware_of({"host": host_info()})
    assert known.threads and known.memory_bytes and known.kernel
    assert known.cores is None or known.sockets is not None
