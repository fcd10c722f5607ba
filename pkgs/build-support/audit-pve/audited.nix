# auditedPve KEPT PACKAGE
#
# The package with `tests.audit`, which audits it against the release's kept.json. Its derivation is the same.
{ auditPve }:
kept: package:
let
  tests = package.tests or { } // {
    audit = auditPve { inherit kept package; };
  };
in
package
// {
  inherit tests;
  passthru = package.passthru or { } // {
    inherit tests;
  };
}
