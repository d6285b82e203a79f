"""Measuring the product against others: `python -m benchmarks.yardstick --quick`."""
