#ifndef HIVE_IPC_H
#define HIVE_IPC_H

/* The words of hived's line protocol; see Hive::Cluster::IPC for the other side. */
#define HIVE_IPC_PING "PING"
#define HIVE_IPC_GET "GET"
#define HIVE_IPC_LIST "LIST"
#define HIVE_IPC_ALERT "ALERT"

/* State, made at run time: it stays where it is. */
#define HIVE_SOCKET "/run/hive/hived.sock"
#define HIVE_CONFIG "/etc/hive/hived.conf"

/* A program of another source, hive-manager. */
#define HIVE_PROGRAM "/usr/sbin/hive"

/* This source's own file. */
#define HIVE_FENCE_HOOK "/usr/share/hive-cluster/hooks/fence"

#define HIVE_LINE_MAX 512

#endif
