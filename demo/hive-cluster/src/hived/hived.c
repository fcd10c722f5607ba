/*
 * hived: holds the cluster's configuration and answers questions about it, one line each, over a
 * Unix socket or, with -i, over standard input and output.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "ipc.h"

static volatile sig_atomic_t terminate;

static void on_term(int number)
{
	(void)number;
	terminate = 1;
}

/* Runs a program and waits: its exit status, or -1. */
static int run(char *const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Tells people, stops this node's guests and lets the hook cut the power. */
static int alert(const char *reason)
{
	char message[HIVE_LINE_MAX + 64];
	char *logger[] = { "/usr/bin/logger", "-p", "daemon.alert", "-t", "hived", message, NULL };
	char *stop[] = { HIVE_PROGRAM, "guest", "stop-all", NULL };
	char *fence[] = { HIVE_FENCE_HOOK, (char *)reason, NULL };

	snprintf(message, sizeof(message), "alert: %s (see /usr/share/doc/hive-cluster/README)", reason);
	run(logger);
	/* A bare name, looked up by the shell. */
	if (system("sync") != 0)
		fprintf(stderr, "hived: sync failed\n");
	if (run(stop) != 0)
		fprintf(stderr, "hived: %s guest stop-all failed\n", HIVE_PROGRAM);
	return run(fence);
}

static double load_average(void)
{
	double load = 0;
	FILE *file = fopen("/proc/loadavg", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%lf", &load) != 1)
		load = 0;
	fclose(file);
	return load;
}

static void answer(const struct config *config, char *line, FILE *out)
{
	char *rest = NULL;
	char *word = strtok_r(line, " \r\n", &rest);
	const char *value;

	if (!word) {
		fprintf(out, "ERR empty request\n");
	} else if (strcmp(word, HIVE_IPC_PING) == 0) {
		fprintf(out, "OK %.2f\n", load_average());
	} else if (strcmp(word, HIVE_IPC_LIST) == 0) {
		for (size_t i = 0; i < config->count; i++)
			fprintf(out, "%s\n", config->entries[i].key);
		fprintf(out, "OK %zu\n", config->count);
	} else if (strcmp(word, HIVE_IPC_GET) == 0) {
		char *key = strtok_r(NULL, " \r\n", &rest);
		value = key ? config_get(config, key) : NULL;
		if (value)
			fprintf(out, "OK %s\n", value);
		else
			fprintf(out, "ERR no such key\n");
	} else if (strcmp(word, HIVE_IPC_ALERT) == 0) {
		fprintf(out, "OK %d\n", alert(rest && *rest ? rest : "unknown"));
	} else {
		fprintf(out, "ERR unknown word\n");
	}
	fflush(out);
}

static int serve_stdio(const struct config *config)
{
	char line[HIVE_LINE_MAX];

	while (fgets(line, sizeof(line), stdin))
		answer(config, line, stdout);
	return 0;
}

static int serve_socket(const struct config *config, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0 || strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "hived: no socket at %s\n", path);
		return 1;
	}
	strcpy(address.sun_path, path);
	unlink(path);
	umask(0117);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 8) < 0) {
		fprintf(stderr, "hived: %s: %s\n", path, strerror(errno));
		return 1;
	}
	while (!terminate) {
		char line[HIVE_LINE_MAX];
		int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		FILE *stream = peer < 0 ? NULL : fdopen(peer, "r+");

		if (!stream)
			continue;
		while (fgets(line, sizeof(line), stream)) {
			fseek(stream, 0, SEEK_CUR);
			answer(config, line, stream);
		}
		fclose(stream);
	}
	close(listener);
	unlink(path);
	return 0;
}

int main(int argc, char **argv)
{
	struct config config;
	const char *path = HIVE_CONFIG, *socket_path = HIVE_SOCKET;
	int option, stdio = 0;

	while ((option = getopt(argc, argv, "c:s:i")) != -1) {
		switch (option) {
		case 'c': path = optarg; break;
		case 's': socket_path = optarg; break;
		case 'i': stdio = 1; break;
		default:
			fprintf(stderr, "usage: hived [-c CONFIG] [-s SOCKET | -i]\n");
			return 2;
		}
	}
	if (config_read(&config, path) < 0) {
		fprintf(stderr, "hived: %s: %s\n", path, strerror(errno));
		return 1;
	}
	struct sigaction action = { .sa_handler = on_term };
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return stdio ? serve_stdio(&config) : serve_socket(&config, socket_path);
}
