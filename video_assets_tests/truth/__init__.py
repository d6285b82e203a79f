"""A footage library whose every word, cut, offset and flaw is known, made from a seed.

Import `video_assets_tests.truth.library` for `make`. Nothing here imports `video_assets.delivery`,
and nothing there imports this: what measures and what is measured share no code.
"""
