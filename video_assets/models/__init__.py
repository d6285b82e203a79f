"""The engines: speech to words, pictures to vectors, and which of them are here.

Every engine is a plain class that loads on first use. Nothing here imports torch, whisperx,
open_clip or pocketsphinx at module level. `routes` says what is available and what is missing.
"""
