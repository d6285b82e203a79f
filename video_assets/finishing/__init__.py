"""How it looks and sounds: crops, overlays, segments, the sound mix, the finished file."""
