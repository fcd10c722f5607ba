#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

static char *trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	for (char *end = text + strlen(text); end > text && isspace((unsigned char)end[-1]); end--)
		end[-1] = '\0';
	return text;
}

/* Lines "key: value"; '#' starts a comment. Returns 0, or -1 with errno set. */
int config_read(struct config *config, const char *path)
{
	char line[512];
	FILE *file = fopen(path, "re");

	if (!file)
		return -1;
	config->count = 0;
	while (fgets(line, sizeof(line), file)) {
		char *colon, *key = trim(line);

		if (*key == '\0' || *key == '#' || !(colon = strchr(key, ':')))
			continue;
		*colon = '\0';
		if (config->count == CONFIG_MAX) {
			fclose(file);
			errno = E2BIG;
			return -1;
		}
		struct entry *entry = &config->entries[config->count++];
		snprintf(entry->key, sizeof(entry->key), "%s", trim(key));
		snprintf(entry->value, sizeof(entry->value), "%s", trim(colon + 1));
	}
	fclose(file);
	return 0;
}

const char *config_get(const struct config *config, const char *key)
{
	assert(config->count <= CONFIG_MAX);
	for (size_t i = 0; i < config->count; i++)
		if (strcmp(config->entries[i].key, key) == 0)
			return config->entries[i].value;
	return NULL;
}
