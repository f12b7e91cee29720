"""Imported by a process that others are forked from: they find the kernels of a run compiled."""

from edgers.kernels.cpu import gather, ingest, scatter, scores, votes

for module in (gather, ingest, scatter, scores, votes):
    for call in module.WARMUP:
        call()
