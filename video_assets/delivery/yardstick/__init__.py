"""What a set of cutdowns is worth: every measure on every file, counted. Import the submodules."""
