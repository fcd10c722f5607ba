# Nothing to set: CC, AR, PKG_CONFIG and their like stand in the environment.
