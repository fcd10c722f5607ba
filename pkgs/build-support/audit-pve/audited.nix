# auditedPve KEPT PACKAGE
#
# Returns the package with `tests.audit`, which audits it against the release's kept.json. Its
# derivation does not change.
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
