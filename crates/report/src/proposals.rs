//! Reports the quality of drift's proposals.

use std::io::{self, Write};

use super::paint::{BAD, FAINT, GOOD, STRONG, count, one_line};
use drift::measure::Measured;

/// Writes it for people.
///
/// # Errors
/// Writing fails.
pub fn text(out: &mut dyn Write, measured: &Measured) -> io::Result<()> {
    let Measured { old, new, .. } = measured;
    writeln!(
        out,
        "{STRONG}{old} → {new}{STRONG:#}: {} without what {old} has no use for",
        count(measured.taken_out.len() as u64, "rule", "rules")
    )?;
    let places = count(measured.wanting, "place wants", "places want");
    writeln!(
        out,
        "  {places} a rule: {} proposed, {} advised, {} without either",
        measured.proposed(),
        measured.hinted,
        (measured.without.len() as u64).saturating_sub(measured.hinted)
    )?;
    let style = if measured.wrong.is_empty() { GOOD } else { BAD };
    writeln!(
        out,
        "  {style}{} of {} proposals equal what people decided: {} %{style:#}",
        measured.equal,
        measured.proposed(),
        measured.share()
    )?;
    for wrong in &measured.wrong {
        writeln!(out, "{BAD}wrong{BAD:#}  {}", one_line(&wrong.place.place))?;
        writeln!(out, "  `{}`", one_line(&wrong.place.text))?;
        writeln!(out, "  people: {}", one_line(&wrong.place.wanted))?;
        writeln!(out, "  got:    {}", one_line(&wrong.got))?;
        writeln!(out, "  {FAINT}{}{FAINT:#}", one_line(&wrong.proposal))?;
    }
    for (place, hint) in &measured.without {
        writeln!(
            out,
            "{FAINT}none{FAINT:#}   {} `{}`: {}",
            one_line(&place.place),
            one_line(&place.text),
            one_line(&place.wanted)
        )?;
        if let Some(hint) = hint {
            writeln!(out, "  {FAINT}{}{FAINT:#}", one_line(hint))?;
        }
    }
    for wrong in &measured.unasked {
        writeln!(
            out,
            "{FAINT}unasked{FAINT:#} {} `{}`: {}, by the older rules {}",
            one_line(&wrong.place.place),
            one_line(&wrong.place.text),
            one_line(&wrong.place.wanted),
            one_line(&wrong.got)
        )?;
    }
    Ok(())
}

/// Writes it for programs: one JSON object.
///
/// # Errors
/// Writing fails.
pub fn json(out: &mut dyn Write, measured: &Measured) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, measured)?;
    writeln!(out)
}
