"""The repository's own benchmarks: each prints ratios taken side by side in one run."""
