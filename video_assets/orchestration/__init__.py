"""Dagster lives here and nowhere else.

`steps` says what every asset is made from and how; `assets` turns steps into Dagster assets;
`gates`, `automation`, `partitions`, `resources` and `runs` do what their names say.
"""
