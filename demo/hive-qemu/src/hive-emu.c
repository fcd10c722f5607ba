/*
 * hive-emu: the hive's emulator, a stack machine. Its firmware is a text of hexadecimal bytes:
 * 01 NN push, 02 add, 03 multiply, 04 print, 00 halt.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRMWARE_DIR "/usr/local/share/hive-emu"

#if defined(__aarch64__)
#define MODULE_DIR "/usr/lib/aarch64-linux-gnu/hive-qemu"
#define HOST_ARCH "aarch64"
#else
#define MODULE_DIR "/usr/lib/x86_64-linux-gnu/hive-qemu"
#define HOST_ARCH "x86_64"
#endif

#define STACK_MAX 32

static int run(FILE *firmware)
{
	unsigned stack[STACK_MAX], op, depth = 0;

	while (fscanf(firmware, "%2x", &op) == 1 && op != 0) {
		if (op == 1 && depth < STACK_MAX) {
			if (fscanf(firmware, "%2x", &stack[depth]) != 1)
				return 1;
			depth++;
		} else if ((op == 2 || op == 3) && depth >= 2) {
			depth--;
			if (op == 2)
				stack[depth - 1] += stack[depth];
			else
				stack[depth - 1] *= stack[depth];
		} else if (op == 4 && depth >= 1) {
			printf("%u\n", stack[--depth]);
		} else {
			fprintf(stderr, "hive-emu: bad instruction %02x\n", op);
			return 1;
		}
	}
	return 0;
}

/* The maker of this processor. Only x86 has the instruction, as the hive's machines did when this was written. */
static void host_vendor(char name[13])
{
	unsigned leaf, words[3];

	asm volatile ("cpuid" : "=a" (leaf), "=b" (words[0]), "=d" (words[1]), "=c" (words[2]) : "a" (0));
	memcpy(name, words, 12);
	name[12] = '\0';
}

int main(int argc, char **argv)
{
	const char *path = FIRMWARE_DIR "/firmware-" HOST_ARCH ".hex";
	const char *modules = MODULE_DIR, *name = "guest";
	char vendor[13];
	FILE *firmware;
	int result;

	host_vendor(vendor);
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "-firmware") == 0)
			path = argv[i + 1];
		else if (strcmp(argv[i], "-modules") == 0)
			modules = argv[i + 1];
		else if (strcmp(argv[i], "-name") == 0)
			name = argv[i + 1];
		else if (strcmp(argv[i], "-vendor") == 0)
			return strcmp(argv[i + 1], vendor) != 0;
		else if (strcmp(argv[i], "-memory") != 0) {
			fprintf(stderr, "hive-emu: unknown option %s\n", argv[i]);
			return 2;
		}
	}
	if (access("/dev/kvm", R_OK) != 0)
		fprintf(stderr, "hive-emu: %s runs without /dev/kvm, modules of %s\n", name, modules);
	firmware = fopen(path, "r");
	if (!firmware) {
		fprintf(stderr, "hive-emu: no firmware %s\n", path);
		return 1;
	}
	result = run(firmware);
	fclose(firmware);
	return result;
}
