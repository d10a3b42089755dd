"""A Kubernetes API server in one process, over HTTP: ``server`` has it, the other modules are its parts.

From the outside in: ``wire`` (HTTP), ``api`` (what a request is), ``reads``, ``watches``, ``writes``,
``patching`` and ``deletes`` (what is done about it), ``kinds`` (what each kind of object does), ``fields``
(server-side apply), ``storage``. ``controllers`` do what follows from a write,
``parts`` what a node and a cloud do about it.
"""
