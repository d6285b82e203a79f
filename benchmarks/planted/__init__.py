"""Defects that are planted in clean cutdowns, one at a time: what the measures must find."""
