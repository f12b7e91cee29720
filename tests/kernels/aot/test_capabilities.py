import re
from pathlib import Path

import pytest

from edgers.errors import BadInputError
from edgers.kernels.aot.capabilities import (
    CAPABILITIES,
    Capability,
    capability_from_cc,
    text_from_version,
    version_from_text,
)
from edgers.kernels.aot.toolkits import TOOLKITS

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "kernels-aot.md"
TARGETS = Path(__file__).parents[4] / "shared" / "reference" / "targets.yaml"


def test_every_toolkit_named_is_one_and_each_is_used() -> None:
    used = {name for c in CAPABILITIES for name in (c.toolkit, c.assembler)}
    assert used == set(TOOLKITS)
    assert len({c.cc for c in CAPABILITIES}) == len(CAPABILITIES)


def test_every_requirement_is_one_exact_version() -> None:
    for toolkit in TOOLKITS.values():
        for requirement in toolkit.requirements:
            assert re.fullmatch(r"[\w-]+==[\d.]+", requirement)


def test_no_board_is_given_a_cubin_of_a_newer_major_version_than_its_own() -> None:
    for capability in CAPABILITIES:
        major = int(capability.assembler.removeprefix("cuda-").partition(".")[0])
        if capability.cubin_since:
            assert capability.cubin_since[0] == major
        assert capability.ptx_since <= (capability.cubin_since or (10, 2))


def test_names() -> None:
    capability = capability_from_cc((8, 7))
    assert (capability.arch, capability.name) == ("sm_87", "8.7")
    assert capability_from_cc((11, 0)).arch == "sm_110"
    assert version_from_text("10.1") == (10, 1)
    assert text_from_version((10, 1)) == "10.1"


@pytest.mark.parametrize("text", ["8", "sm_87", "8.7.1", "-8.7", ".7", "8.", ""])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="not a version"):
        version_from_text(text)


def test_an_unknown_capability_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInputError, match=r"8\.8(.|\n)*5\.3, 6\.2, 7\.2"):
        capability_from_cc((8, 8))


def test_the_documentation_has_the_same_table() -> None:
    def line(c: Capability) -> str:
        tools = [name.removeprefix("cuda-") for name in (c.toolkit, c.assembler)]
        if c.cubin_since is None:
            tools[1] = "none"
        since = text_from_version(c.cubin_since) if c.cubin_since else "–"
        versions = [since, text_from_version(c.ptx_isa), text_from_version(c.ptx_since)]
        return "| " + " | ".join([c.name, c.boards, *tools, *versions]) + " |"

    lines = DOCUMENTATION.read_text("utf-8").splitlines()
    found = [text for text in lines if re.match(r"\| \d+\.\d", text)]
    assert found == [line(c) for c in CAPABILITIES]


def test_every_device_of_the_facts_is_covered() -> None:
    if not TARGETS.is_file():
        pytest.skip(f"no device facts at {TARGETS}")
    found = re.findall(r"\bcc: \[(\d+), ?(\d+)\]", TARGETS.read_text("utf-8"))
    assert len(found) > 10
    assert {(int(a), int(b)) for a, b in found} <= {c.cc for c in CAPABILITIES}
