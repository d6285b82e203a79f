"""Gates: pure functions of a rendered file and its timeline that list problems.

`measures.measure` decodes a file once; every inspection reads what it found. `verdict.inspect`
calls them all.
"""
