/* The variables that ld.so(8) takes out of a setuid program's environment, for the wrappers of a test machine. */
#define UNSECURE_ENVVARS                                                                                               \
    "GCONV_PATH\0GETCONF_DIR\0HOSTALIASES\0LD_AUDIT\0LD_DEBUG\0LD_DEBUG_OUTPUT\0LD_DYNAMIC_WEAK\0LD_HWCAP_MASK\0"        \
    "LD_LIBRARY_PATH\0LD_ORIGIN_PATH\0LD_PRELOAD\0LD_PROFILE\0LD_SHOW_AUXV\0LOCALDOMAIN\0LOCPATH\0MALLOC_TRACE\0"        \
    "NIS_PATH\0NLSPATH\0RESOLV_HOST_CONF\0RES_OPTIONS\0TMPDIR\0TZDIR\0"
