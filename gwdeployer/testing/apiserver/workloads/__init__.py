"""The controllers of workloads: Deployments make ReplicaSets, these and DaemonSets make Pods.

``workload`` has what they share, ``pods`` what they know of Pods, ``rollouts`` the arithmetic of replacing
old Pods by new ones. Sources: ``k8s.io/kubernetes``, ``pkg/controller/deployment``, ``replicaset`` and
``daemon``. A Pod is available once it is ready: ``minReadySeconds`` and ``progressDeadlineSeconds`` do not
pass here, and Pods that belong to nobody are not adopted.
"""
