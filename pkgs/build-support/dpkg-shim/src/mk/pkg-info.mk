# The values come by the environment, from dpkg-shim's setup hook.
ifeq ($(DEB_VERSION),)
$(error DEB_VERSION is not set: dpkg-shim must be a native build input of a derivation with a version)
endif
SOURCE_DATE_EPOCH ?= $(DEB_TIMESTAMP)
export SOURCE_DATE_EPOCH
