#ifndef HIVE_CONFIG_H
#define HIVE_CONFIG_H

#include <stddef.h>

#define CONFIG_MAX 64

struct entry {
	char key[64];
	char value[256];
};

struct config {
	struct entry entries[CONFIG_MAX];
	size_t count;
};

int config_read(struct config *config, const char *path);
const char *config_get(const struct config *config, const char *key);

#endif
