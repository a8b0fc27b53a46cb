//! Callgrind's output format.

/// The instructions in a profile, or what is wrong with it.
pub(super) fn instructions(profile: &str) -> Result<u64, String> {
    let field = |name: &str| profile.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let events = field("events").ok_or("it does not say what was counted")?;
    if events.trim() != "Ir" {
        return Err(format!("it counts {:?}, not instructions alone (Ir)", events.trim()));
    }
    let total = field("totals").or_else(|| field("summary")).ok_or("it has no total: was it cut short?")?;
    total.trim().parse().map_err(|_| format!("its total {:?} is not a number", total.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str =
        "# callgrind format\nversion: 1\npositions: line\nevents: Ir\nsummary: 12\n\nfn=(1) f\n7 12\n\ntotals: 12\n";

    #[test]
    fn the_total_is_found() {
        assert_eq!(instructions(PROFILE), Ok(12));
        assert_eq!(instructions(&PROFILE.replace("totals: 12\n", "")), Ok(12), "a profile without its last line");
    }

    #[test]
    fn what_is_no_profile_is_an_error_that_says_why() {
        for (wrong, saying) in [
            (String::new(), "what was counted"),
            (PROFILE.replace("Ir", "Ir Dr"), "not instructions alone"),
            (PROFILE.replace("summary: 12", "").replace("totals: 12", ""), "cut short"),
            (PROFILE.replace("totals: 12", "totals: twelve"), "not a number"),
            (PROFILE.replace("totals: 12", "totals: -1"), "not a number"),
        ] {
            let error = instructions(&wrong).expect_err(&wrong);
            assert!(error.contains(saying), "{error}");
        }
    }
}
