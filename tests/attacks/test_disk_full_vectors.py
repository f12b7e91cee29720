"""Files of features on disks that are too small: whole, or an error; never a part as if whole."""

from pathlib import Path
from typing import get_args

import pytest
from builders.features import COLUMNS, FACTS, UTM, a_feature
from builders.limited import small_disk

from edgers.errors import OutputError
from edgers.products.features import FORMATS, Format, write_features

FEATURES = [a_feature(i % 30, class_name=f"{i * 7919**9}") for i in range(1000)]


@pytest.mark.parametrize("kind", get_args(Format))
def test_on_a_disk_of_any_size_a_file_is_whole_or_an_error(tmp_path: Path, kind: Format) -> None:
    name = f"found{FORMATS[kind].ending}"
    write_features(tmp_path / name, FEATURES, COLUMNS, UTM, kind, FACTS)
    wanted = (tmp_path / name).read_bytes()
    failed = 0
    if kind == "flatgeobuf":
        # Beside it lies the file it is made of; near the end of the disk every step counts.
        steps = range(len(wanted) // 1024, 3 * len(wanted) // 1024, 8)
    else:
        steps = [len(wanted) * part // 6 // 1024 + 4 for part in range(14)]
    for size_kb in dict.fromkeys(steps):
        with small_disk(tmp_path / str(size_kb), size_kb) as disk:
            try:
                count = write_features(disk / name, FEATURES, COLUMNS, UTM, kind, FACTS)
            except OutputError as error:
                assert name in error.what  # noqa: PT017
                failed += 1
                continue
            assert count == len(FEATURES)
            assert (disk / name).read_bytes() == wanted, size_kb
            assert [path.name for path in disk.iterdir()] == [name]
    assert failed >= 2
