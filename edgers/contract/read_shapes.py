"""Reading `edgers:shapes`: how the text of a model tells where things are."""

from typing import get_args

from edgers.contract.boxes import Turning
from edgers.contract.fields import Fields
from edgers.contract.shapes import Corners, FormKind, SpokenForm

FIELDS: dict[FormKind, tuple[str, ...]] = {
    "places": ("token", "corners"),
    "phrases": ("turning",),
    "boxes": (),
    "oriented": ("turning",),
    "runs": ("ground",),
}
"""Fields of each form beside `form`, `steps` and comments."""
FORMS: tuple[FormKind, ...] = get_args(FormKind)
CORNERS: tuple[Corners, ...] = get_args(Corners)
TURNINGS: tuple[Turning, ...] = get_args(Turning)
TURNING: dict[FormKind, Turning] = {"oriented": "clockwise"}
"""Which way angles of a form count where nothing is said: those in braces the other way round."""
GROUND = ("0", "others", "background")
MOST_STEPS = 100_000
"""Most steps of an axis; the catalogue's finest has 1000. Masks have at most ..."""
MOST_CELLS = 512
"""... cells a side: each is a token or more."""


def read_shapes(source: Fields, axes: tuple[str, ...]) -> tuple[SpokenForm, ...]:
    """Read the list `edgers:shapes` of an output; raises ContractError where it is not usable."""
    if axes != ("batch", "token"):
        raise source.fail("edgers:shapes", "It goes with the axes 'batch' and 'token': with text.")
    found = tuple(_read_form(one) for one in source.objects("edgers:shapes"))
    if len({one.kind for one in found}) != len(found):
        raise source.fail("edgers:shapes", "Each form may be there once.")
    return found


def _read_form(stated: Fields) -> SpokenForm:
    kind = stated.choice("form", FORMS)
    comments = tuple(key for key in stated.values if key.startswith("$comment"))
    stated.refuse_unknown("", ("form", "steps", *FIELDS[kind], *comments))
    steps, most = stated.optional_count("steps", 2), MOST_CELLS if kind == "runs" else MOST_STEPS
    if steps is None or steps > most:
        raise stated.fail("steps", f"It must say how many steps an axis has, 2 to {most}.")
    token = stated.optional_text("token") or "<loc_{}>"
    before, _, after = token.partition("{}")
    if token.count("{}") != 1 or not before.strip() or not after.strip():
        raise stated.fail("token", "It must hold '{}' once, with something on either side.")
    return SpokenForm(
        kind=kind,
        steps=steps,
        token=token,
        corners=stated.choice("corners", CORNERS, "any"),
        turning=stated.choice("turning", TURNINGS, TURNING.get(kind, "counter-clockwise")),
        ground=stated.texts("ground") if stated.has("ground") else GROUND,
    )
