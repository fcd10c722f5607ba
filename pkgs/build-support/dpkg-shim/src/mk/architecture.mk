# The values come by the environment, from dpkg-shim's setup hook.
ifeq ($(DEB_HOST_ARCH),)
$(error DEB_HOST_ARCH is not set: dpkg-shim must be a native build input)
endif
