"""Who makes cutdowns of a library: the product, and what it is compared with.

Every contestant is a program of its own (`python -m benchmarks.contestants.NAME`), so that its time
and memory are its own, and delivers files, timelines and texts (`delivered`) that are judged alike.
"""
