PACKAGE = hive-manager

BINDIR = $(DESTDIR)/usr/bin
SBINDIR = $(DESTDIR)/usr/sbin
LIBEXECDIR = $(DESTDIR)/usr/libexec/hive
PERLLIBDIR = $(DESTDIR)/usr/share/perl5
MAN1DIR = $(DESTDIR)/usr/share/man/man1
SERVICEDIR = $(DESTDIR)/usr/lib/systemd/system
BASHCOMPLDIR = $(DESTDIR)/usr/share/bash-completion/completions
DOCDIR = $(DESTDIR)/usr/share/doc/$(PACKAGE)
USRSHARE = $(DESTDIR)/usr/share/$(PACKAGE)
