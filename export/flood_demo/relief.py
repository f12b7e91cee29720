"""Terrain of a synthetic scene: a valley with a meandering river, old channels and hills."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgers.export.flood_demo.distance import signed_distance_px
from edgers.export.flood_demo.frame import Field, Frame
from edgers.export.flood_demo.meander import Course, crossing_course, wandering_course
from edgers.export.flood_demo.noise import fractal_noise, smooth_noise
from edgers.export.flood_demo.resampling import smoothstep

CHANNEL_HALF_WIDTH_M = (30.0, 75.0)
"""Range of half the river's width, metres: a lowland river that 10 m pixels resolve."""

PLAIN_HALF_WIDTH_M = (450.0, 1000.0)
"""Range of half the flood plain's width, metres."""

WIDTHS_PER_MEANDER = 20.0
"""Line length of one meander in channel widths; 10 to 14 along the valley, times sinuosity."""

BED_DEPTH_M = 3.0
"""Depth of the river at its middle below its normal level, metres."""

BANK_HEIGHT_M = 0.9
"""Height of the bank above the normal river level, metres."""

HILL_RELIEF_M = 55.0
"""Height scale of the hills beside the valley, metres."""

STREAMS_PER_RIVER_M = 1.0 / 2200.0
"""Tributaries for each metre of river."""

STREAM_REACH_M = 900.0
"""Distance from a stream beyond which it shapes nothing, metres."""

FAR_M = 1e6
"""Stands for no stream in reach, metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """The ground, as heights above the normal level of the river nearest to it."""

    height_m: Field
    """Height above nearest drainage, metres, [height, width]; negative below normal water."""
    river_distance_m: Field
    """Distance from the river's middle line, metres, never negative, [height, width]."""
    channel: Field
    """Share of the way to the middle of the channel: 1 at the middle, <= 0 outside, [h, w]."""
    stream_distance_m: Field
    """Distance from the nearest tributary, metres; FAR_M where none is in reach, [h, w]."""
    streams: tuple[Course, ...]
    """The tributaries, from the river outwards."""


def draw_relief(frame: Frame) -> Relief:
    """Return the terrain of a scene, the same for every flood stage."""
    generator = frame.generator("river")
    half_width_m = generator.uniform(*CHANNEL_HALF_WIDTH_M)
    heading = generator.uniform(-math.pi, math.pi)
    course = _river(frame, generator, half_width_m, heading, offset_share=0.18)
    distance_m = np.abs(signed_distance_px(course, frame.shape)) * np.float32(frame.gsd_m)
    streams = _streams(frame, course)
    stream_m = _stream_distance_m(frame, streams)
    breadth = 1.0 + 0.15 * smooth_noise(
        generator, frame.shape, coarsest_px=frame.to_px(900.0), slope=4.0
    )
    channel = 1.0 - distance_m / (np.float32(half_width_m) * breadth)
    old = _river(frame, generator, half_width_m, heading, offset_share=0.22)
    old_m = np.abs(signed_distance_px(old, frame.shape)) * np.float32(frame.gsd_m)
    height = _plain_m(frame, distance_m, half_width_m)
    height += _hills_m(frame, distance_m, stream_m)
    height -= _old_channel_m(frame, old_m, distance_m, half_width_m)
    bed = -BED_DEPTH_M * channel * (2.0 - channel)
    height = np.where(channel > 0.0, bed, np.maximum(height, -1.5)).astype(np.float32)
    return Relief(
        height_m=height,
        river_distance_m=distance_m,
        channel=channel.astype(np.float32),
        stream_distance_m=stream_m,
        streams=streams,
    )


def _river(
    frame: Frame,
    generator: np.random.Generator,
    half_width_m: float,
    heading: float,
    *,
    offset_share: float,
) -> Course:
    reach = offset_share * min(frame.shape)
    return crossing_course(
        generator,
        frame.shape,
        heading_rad=heading,
        offset_px=generator.uniform(-reach, reach),
        wavelength_px=frame.to_px(WIDTHS_PER_MEANDER * 2.0 * half_width_m),
        bend_rad=generator.uniform(0.95, 1.45),
    )


def _streams(frame: Frame, river: Course) -> tuple[Course, ...]:
    generator = frame.generator("streams")
    inside = np.flatnonzero(
        (river.x_px >= 0)
        & (river.x_px < frame.width_px)
        & (river.y_px >= 0)
        & (river.y_px < frame.height_px)
    )
    streams = []
    for _ in range(round(len(inside) * frame.gsd_m * STREAMS_PER_RIVER_M)):
        at = int(generator.choice(inside))
        ahead = math.atan2(
            river.y_px[at + 5] - river.y_px[at - 5], river.x_px[at + 5] - river.x_px[at - 5]
        )
        turn = generator.choice([-1.0, 1.0]) * generator.uniform(1.0, 2.0)
        streams.append(
            wandering_course(
                generator,
                start_px=(float(river.x_px[at]), float(river.y_px[at])),
                heading_rad=ahead + turn,
                length_px=math.ceil(frame.to_px(generator.uniform(3000.0, 9000.0))),
                wavelength_px=frame.to_px(420.0),
                bend_rad=0.75,
                wander_rad=0.45,
            )
        )
    return tuple(streams)


def _stream_distance_m(frame: Frame, streams: tuple[Course, ...]) -> Field:
    """Return the distance from the nearest stream, metres, exact within STREAM_REACH_M."""
    nearest_m = np.full(frame.shape, FAR_M, dtype=np.float32)
    reach_px = frame.to_px(STREAM_REACH_M)
    for stream in streams:
        top = max(0, math.floor(float(stream.y_px.min()) - reach_px))
        left = max(0, math.floor(float(stream.x_px.min()) - reach_px))
        bottom = min(frame.height_px, math.ceil(float(stream.y_px.max()) + reach_px))
        right = min(frame.width_px, math.ceil(float(stream.x_px.max()) + reach_px))
        window = nearest_m[top:bottom, left:right]
        away_px = np.abs(signed_distance_px(stream.moved(-left, -top), window.shape))
        np.minimum(window, away_px * np.float32(frame.gsd_m), out=window)
    return nearest_m


def _plain_m(frame: Frame, distance_m: Field, half_width_m: float) -> Field:
    """Return the flood plain, metres: levees, scroll bars along the bends, shallow basins."""
    generator = frame.generator("plain")
    basins = smooth_noise(generator, frame.shape, coarsest_px=frame.to_px(500.0), slope=3.6)
    rough = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(150.0), slope=2.6)
    beyond = np.maximum(distance_m - np.float32(half_width_m), 0.0)
    bank = BANK_HEIGHT_M * (1.0 - np.exp(-beyond / 18.0))
    levee = 0.5 * np.exp(-(((beyond - 60.0) / 70.0) ** 2))
    scrolls = 0.25 * np.sin(beyond / 16.0 + 2.5 * basins) * np.exp(-beyond / 260.0)
    plain: Field = bank + levee + scrolls + 0.55 * basins + 0.10 * rough + 0.0011 * beyond
    return plain.astype(np.float32, copy=False)


def _hills_m(frame: Frame, distance_m: Field, stream_m: Field) -> Field:
    """Return what rises beyond the flood plain, metres: valley side, ridges, stream valleys."""
    generator = frame.generator("hills")
    wiggle = smooth_noise(generator, frame.shape, coarsest_px=frame.to_px(1800.0), slope=3.4)
    half_width = generator.uniform(*PLAIN_HALF_WIDTH_M)
    beyond = np.maximum(distance_m - np.float32(half_width) * (1.0 + 0.3 * wiggle), 0.0)
    side = 0.45 * HILL_RELIEF_M * (1.0 - np.exp(-beyond / 900.0))
    ridges = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(2600.0), slope=4.3)
    folds = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(700.0), slope=4.2)
    crest = 1.2 - np.abs(ridges) + 0.28 * folds
    cut = 0.25 + 0.75 * (1.0 - np.exp(-((stream_m / 260.0) ** 2)))
    hills = side + HILL_RELIEF_M * np.maximum(crest, 0.0) * smoothstep(beyond, 0.0, 1400.0)
    carved: Field = (hills * cut).astype(np.float32)
    return carved


def _old_channel_m(frame: Frame, old_m: Field, distance_m: Field, half_width_m: float) -> Field:
    """Return the depth of abandoned channels, metres: some reaches deep enough to hold water."""
    generator = frame.generator("oxbows")
    width_m = np.float32(0.75 * half_width_m)
    trough = np.clip(1.0 - (old_m / width_m) ** 2, 0.0, 1.0)
    reach = smooth_noise(generator, frame.shape, coarsest_px=frame.to_px(450.0), slope=4.0)
    silted = smoothstep(reach, -0.1, 0.9)
    near = 1.0 - smoothstep(distance_m, 500.0, 900.0)
    depth: Field = (trough * near * (0.8 + 2.6 * silted)).astype(np.float32)
    return depth
