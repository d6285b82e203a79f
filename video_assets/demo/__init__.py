"""The bundled demo: footage of a made-up brand, its brief, its music, and the scripts that drew it.

`footage/`, `music/`, `brand/` and `brief.yaml` are what the demo project reads. The modules beside
them (`make_demo`, `scenes`, `figure`, `voice`, `score` and their helpers) made those files and are
needed only to make them again; nothing imports them at run time.
"""
