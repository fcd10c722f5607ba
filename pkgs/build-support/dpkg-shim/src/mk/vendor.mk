DEB_VENDOR ?= Debian
DEB_PARENT_VENDOR ?=
dpkg_vendor_derives_from ?= $(filter $(1),$(DEB_VENDOR) debian)
