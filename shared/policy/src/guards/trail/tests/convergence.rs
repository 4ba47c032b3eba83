//! The fewest questions, and effects that lead to no further effects.

use super::*;

#[test]
fn questions_are_the_fewest_that_are_exact() {
    let now = NOW.parse().unwrap();
    let state = |facts: Facts| match facts.trail {
        Reading::Known(state) => state,
        Reading::NotAsked | Reading::Assumed(_) | Reading::Absent | Reading::Unreadable(_) => {
            panic!("not known")
        }
    };
    let asked = questions(&policy(POLICY), &change("UpdateTrail"), Some(&state(good())), now);
    assert_eq!(asked, Questions { selectors: true, ..Questions::default() });
    let bare =
        questions(&policy(POLICY), &change("UpdateTrail"), Some(&state(unencrypted(key("Enabled")))), now);
    assert!(bare.bucket_region);
    let matter =
        |facts: &Facts| others_matter(&change("UpdateTrail"), &facts.trail, &facts.status, &facts.selectors);
    assert!(!matter(&good()));
    assert!(matter(&Facts { status: logging(false), ..good() }));
    let early = Facts { status: logging(false), selectors: Reading::NotAsked, ..good() };
    assert!(matter(&early), "before the selectors are known");
    assert!(matter(&Facts { trail: Reading::Absent, ..Facts::none() }));
    assert!(!matter(&Facts { trail: Reading::Unreadable(unreadable()), ..Facts::none() }));
}

/// Facts after the effects give no further effects, and stopping between any two leaves a plan of the rest.
#[test]
fn it_converges_from_every_combination() {
    for bits in 0..16_u8 {
        let is = |bit: u8| bits & (1 << bit) != 0;
        let mut facts = if is(0) { unencrypted(key("Enabled")) } else { good() };
        facts.status = logging(!is(1));
        facts.others = Reading::Known(Vec::new());
        if let Reading::Known(state) = &mut facts.trail {
            state.settings.validation = Some(!is(2));
            state.settings.multi_region = Some(!is(3));
        }
        let mut left = plan(&change("UpdateTrail"), &facts).effects;
        while !left.is_empty() {
            let effect = left.remove(0);
            if let Reading::Known(state) = &mut facts.trail {
                match effect.ensure {
                    Ensure::Logging => facts.status = logging(true),
                    Ensure::Key(key) => state.settings.key = Named::Is(key.to_string()),
                    Ensure::Validation => state.settings.validation = Some(true),
                }
            }
            assert_eq!(plan(&change("UpdateTrail"), &facts).effects, left, "{bits:b}");
        }
        assert!(plan(&change("StartLogging"), &facts).effects.is_empty());
    }
}
