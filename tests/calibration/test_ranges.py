"""The file of ranges: what is written is read again, to the last bit."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgers.calibration.ranges import (
    METHODS,
    Ranges,
    SampledScene,
    check_ranges,
    graph_sha256,
    ranges_bytes,
    ranges_from_document,
    ranges_from_file,
)
from edgers.contract.strict_json import strict_json
from edgers.errors import BadInputError

SPANS = st.tuples(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
).map(lambda ends: (min(ends), max(ends)))
RANGES = st.builds(
    Ranges,
    graph_sha256=st.text(),
    seed=st.integers(0),
    tile_px=st.tuples(st.integers(0, 9999), st.integers(0, 9999)),
    scenes=st.lists(
        st.builds(SampledScene, name=st.text(), sha256=st.text(), tiles=st.integers(0, 99)),
        max_size=3,
    ).map(tuple),
    spans=st.dictionaries(
        st.text(), st.fixed_dictionaries(dict.fromkeys(METHODS, SPANS)), max_size=4
    ),
)


@given(RANGES)
def test_ranges_are_read_as_they_were_written(ranges: Ranges) -> None:
    data = ranges_bytes(ranges)
    again = ranges_from_document(strict_json(data))
    assert again == ranges
    assert ranges_bytes(again) == data
    assert again.by_method("mse") == {name: span["mse"] for name, span in ranges.spans.items()}


def test_ranges_of_another_graph_are_refused(tmp_path: Path) -> None:
    ranges = Ranges(graph_sha256=graph_sha256(b"one"), seed=0, tile_px=(8, 8), scenes=(), spans={})
    path = tmp_path / "r.json"
    path.write_bytes(ranges_bytes(ranges))
    check_ranges(ranges_from_file(path), b"one", path)
    with pytest.raises(BadInputError, match="another graph"):
        check_ranges(ranges_from_file(path), b"other", path)
