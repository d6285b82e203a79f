"""The assets, a module a group: thin, read - call - write."""
