"""What the footage holds: clips, shots, sound, words, pictures by meaning, and tags."""
