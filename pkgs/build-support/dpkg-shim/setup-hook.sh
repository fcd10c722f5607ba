# The version's parts as `dpkg-parsechangelog` and pkg-info.mk name them:
# [epoch:]upstream[-revision], where a revision is what follows the last hyphen.
export DEB_SOURCE="${debianSource:-${pname:-}}"
export DEB_VERSION="${debianVersion:-${version:-}}"
export DEB_VERSION_EPOCH_UPSTREAM="${DEB_VERSION%-*}"
export DEB_VERSION_UPSTREAM_REVISION="${DEB_VERSION#*:}"
export DEB_VERSION_UPSTREAM="${DEB_VERSION_UPSTREAM_REVISION%-*}"
export DEB_DISTRIBUTION="${DEB_DISTRIBUTION:-UNRELEASED}"
export DEB_TIMESTAMP="${SOURCE_DATE_EPOCH:-315532800}"
