dpkg_shim_dir := $(dir $(lastword $(MAKEFILE_LIST)))
include $(dpkg_shim_dir)architecture.mk
include $(dpkg_shim_dir)buildflags.mk
include $(dpkg_shim_dir)buildopts.mk
include $(dpkg_shim_dir)buildtools.mk
include $(dpkg_shim_dir)pkg-info.mk
include $(dpkg_shim_dir)vendor.mk
