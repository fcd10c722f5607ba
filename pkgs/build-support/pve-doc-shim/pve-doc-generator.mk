# The variables and targets of pve-doc-generator.mk that Makefiles use.
PERL_DOC_ENV = PVE_GENERATING_DOCS=1
PERL_DOC_INC_DIRS := $(PERL_DOC_INC_DIRS) .
PERL_DOC_INC = $(foreach dir,$(PERL_DOC_INC_DIRS),-I$(dir))

all:

# A page goes by way of a further file, as with the real rules: so a Makefile's own rule for a page
# (from POD, say) comes first.
%.pve-deferred:
	touch $@

define pve_defer_page
%.$(1): %.$(1).pve-deferred
	printf 'pve-deferred: man\n%s\n' '$$@' >$$@
endef

$(foreach section,1 5 7 8,$(eval $(call pve_defer_page,$(section))))

define pve_defer_perl
%.$(1)-bash-completion:
	perl $$(PERL_DOC_INC) -T -e "use $(2)::$$*; $(2)::$$*->generate_bash_completions();" >$$@.tmp
	mv $$@.tmp $$@

%.$(1)-zsh-completion:
	perl $$(PERL_DOC_INC) -T -e "use $(2)::$$*; $(2)::$$*->generate_zsh_completions();" >$$@.tmp
	mv $$@.tmp $$@
endef

$(eval $(call pve_defer_perl,service,PVE::Service))

%.bash-completion:
	perl $(PERL_DOC_INC) -T -e "use PVE::CLI::$*; PVE::CLI::$*->generate_bash_completions();" >$@.tmp
	mv $@.tmp $@

%.zsh-completion:
	perl $(PERL_DOC_INC) -T -e "use PVE::CLI::$*; PVE::CLI::$*->generate_zsh_completions();" >$@.tmp
	mv $@.tmp $@

%.service-api-verified %.api-verified:
	touch $@

.PHONY: cleanup-docgen
cleanup-docgen:
	rm -f *.1 *.5 *.7 *.8
