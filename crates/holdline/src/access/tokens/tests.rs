//! Tokens as an attacker makes them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";
/// What time it is.
const NOW: u64 = 2_000_000_000;

fn tokens() -> Tokens {
    let keys = [(Some("old"), OTHER), (None, KEY)];
    let keys = keys.map(|(kid, key)| (kid.map(str::to_owned), key.to_owned()));
    Tokens::new(keys.into(), None).unwrap()
}

fn now() -> Duration {
    Duration::from_secs(NOW)
}

/// Signed as RFC 7515 §5.1 says, whatever is signed.
fn signed(header: &str, claims: &str, key: &str) -> String {
    let message = [header, claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let tag = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    let tag = tag.chain_update(&message).finalize().into_bytes();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn claims(claims: &str) -> Result<Grants, Bad> {
    tokens().verify(signed(HS256, claims, KEY).as_bytes(), now())
}

fn header(header: &str) -> Result<Grants, Bad> {
    tokens().verify(signed(header, "{}", KEY).as_bytes(), now())
}

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

#[test]
fn the_example_of_the_standard_is_a_token() {
    // RFC 7515 A.1: its key is no text, so only the algorithm is asked here.
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6\
        Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = "03233fcd"; // not the one
    let tokens = Tokens::new(vec![(None, key.repeat(4))], None).unwrap();
    assert_eq!(
        tokens.verify(token.as_bytes(), now()).unwrap_err(),
        Bad::Signature
    );
}

#[test]
fn what_a_token_says_is_granted_and_nothing_else() {
    let grants = claims(
        r#"{"sub":"ann","publish":["a","room-*"],"exp":2000000100.5,"iat":1999999999,"other":[1]}"#,
    );
    let grants = grants.unwrap();
    assert!(grants.publish.allow("a") && grants.publish.allow("room-1"));
    for none in [&grants.subscribe, &grants.manage, &grants.presence] {
        assert!(!none.allow("a"));
    }
    assert_eq!(grants.name.as_deref(), Some("ann"));
    assert_eq!(grants.ends, Some(Duration::from_millis(2_000_000_130_500)));
    assert_eq!(grants.issued, Duration::from_secs(1_999_999_999));
    let nothing = claims("{}").unwrap();
    assert_eq!((nothing.ends, nothing.issued), (None, Duration::ZERO));
}

#[test]
fn only_hs256_is_an_algorithm() {
    for alg in [
        "none", "None", "NONE", "", "hs256", "HS256 ", "HS384", "HS512", "RS256", "ES256", "EdDSA",
        "PS256",
    ] {
        let head = json!({ "alg": alg }).to_string();
        let bad = header(&head).unwrap_err();
        assert!(
            matches!(bad, Bad::Algorithm | Bad::Malformed),
            "{alg}: {bad:?}"
        );
        // Without a signature, too.
        let token = signed(&head, "{}", KEY);
        let unsigned = token.rsplit_once('.').unwrap().0.to_owned();
        for token in [format!("{unsigned}."), unsigned] {
            let bad = tokens().verify(token.as_bytes(), now()).unwrap_err();
            assert!(
                matches!(bad, Bad::Algorithm | Bad::Malformed),
                "{token}: {bad:?}"
            );
        }
    }
    for head in [
        "{}",
        "[]",
        "null",
        r#""HS256""#,
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":{"HS256":null}}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256"} "x""#,
    ] {
        assert_eq!(header(head).unwrap_err(), Bad::Malformed, "{head}");
    }
}

#[test]
fn what_a_header_calls_critical_is_not_known_here() {
    for crit in [
        json!(["exp"]),
        json!(["b64"]),
        json!([]),
        json!("b64"),
        json!({}),
        json!(1),
        json!(null),
    ] {
        let head = json!({ "alg": "HS256", "crit": crit }).to_string();
        assert_eq!(header(&head).unwrap_err(), Bad::Critical, "{head}");
    }
}

#[test]
fn a_token_names_its_key_or_any_will_do() {
    let of = |kid: Value, key| {
        let mut head = json!({ "alg": "HS256" });
        head["kid"] = kid;
        tokens().verify(signed(&head.to_string(), "{}", key).as_bytes(), now())
    };
    assert!(of(json!("old"), OTHER).is_ok());
    assert_eq!(of(json!("old"), KEY).unwrap_err(), Bad::Signature);
    for kid in ["new", "", "Old", "old ", "../old"] {
        assert_eq!(of(json!(kid), KEY).unwrap_err(), Bad::UnknownKey, "{kid}");
    }
    for kid in [json!(1), json!(["old"]), json!({})] {
        assert_eq!(of(kid, KEY).unwrap_err(), Bad::Malformed);
    }
    let any = |key| tokens().verify(signed(HS256, "{}", key).as_bytes(), now());
    assert!(any(KEY).is_ok() && any(OTHER).is_ok());
    assert_eq!(
        any("another key of thirty-two bytes!").unwrap_err(),
        Bad::Signature
    );
    let twice = ["x", "x"].map(|kid| (Some(kid.to_owned()), KEY.to_owned()));
    assert!(Tokens::new(twice.into(), None).is_err());
}

#[test]
fn a_token_that_was_changed_anywhere_is_none() {
    let token = signed(HS256, r#"{"subscribe":["a"]}"#, KEY);
    assert!(tokens().verify(token.as_bytes(), now()).is_ok());
    for at in 0..token.len() {
        for other in [b'A', b'B', b'.', b'=', b' ', b'+', 0, 0xff] {
            let mut changed = token.clone().into_bytes();
            if std::mem::replace(&mut changed[at], other) != other {
                assert!(tokens().verify(&changed, now()).is_err(), "{at} {other}");
            }
        }
        assert!(
            tokens().verify(&token.as_bytes()[..at], now()).is_err(),
            "{at}"
        );
    }
    for other in [
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}="),
        format!("{token}.x"),
        format!("x.{token}"),
        token.replace('.', ".."),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        String::new(),
    ] {
        assert!(
            tokens().verify(other.as_bytes(), now()).is_err(),
            "{other:?}"
        );
    }
}

#[test]
fn a_token_of_more_than_4096_bytes_is_not_looked_at() {
    let of = |length: usize| {
        let padding = "x".repeat(length);
        signed(HS256, &format!(r#"{{"sub":"a","other":"{padding}"}}"#), KEY)
    };
    let (mut fits, mut exceeds) = (0, 0);
    for length in 2900..3100 {
        let token = of(length);
        let result = tokens().verify(token.as_bytes(), now());
        match token.len() <= 4096 {
            true => {
                assert!(result.is_ok());
                fits += 1;
            }
            false => {
                assert_eq!(result.unwrap_err(), Bad::TooLong);
                exceeds += 1;
            }
        }
    }
    assert!(fits > 0 && exceeds > 0);
    let bytes = vec![b'.'; 1 << 20];
    assert_eq!(tokens().verify(&bytes, now()).unwrap_err(), Bad::TooLong);
}

#[test]
fn the_ends_of_its_time_have_a_leeway_of_thirty_seconds() {
    let at = |claim: &str, offset: f64| {
        let claims = format!(r#"{{"{claim}":{}}}"#, NOW as f64 + offset);
        super::tests::claims(&claims)
    };
    assert!(at("exp", 1.0).is_ok() && at("exp", -29.5).is_ok());
    assert_eq!(at("exp", -30.0).unwrap_err(), Bad::Over);
    assert!(at("iat", 30.0).is_ok());
    assert_eq!(at("iat", 30.5).unwrap_err(), Bad::NotYet);
    // `nbf` is judged by the clock itself.
    let real = crate::access::clock::now().as_secs();
    let nbf = |at: u64| claims(&format!(r#"{{"nbf":{at}}}"#));
    assert!(nbf(real + 25).is_ok() && nbf(0).is_ok());
    assert_eq!(nbf(real + 40).unwrap_err(), Bad::NotYet);
}

#[test]
fn dates_that_no_clock_has_do_no_harm() {
    for never in [
        "18446744073709551615",
        "18446744073709551616",
        "1e300",
        "1.7976931348623157e308",
    ] {
        let grants = claims(&format!(r#"{{"exp":{never}}}"#)).unwrap();
        assert!(grants.ends.unwrap() > now() * 1000, "{never}");
        assert!(claims(&format!(r#"{{"iat":{never}}}"#)).is_err(), "{never}");
        assert!(claims(&format!(r#"{{"nbf":{never}}}"#)).is_err(), "{never}");
    }
    for past in ["0", "-1", "-1e300", "-0.0", "1e-300"] {
        assert_eq!(
            claims(&format!(r#"{{"exp":{past}}}"#)).unwrap_err(),
            Bad::Over,
            "{past}"
        );
    }
    for none in [
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "0x7fffffff",
        "01",
        "+1",
        "1_000",
    ] {
        assert!(claims(&format!(r#"{{"exp":{none}}}"#)).is_err(), "{none}");
    }
}

#[test]
fn a_claim_of_another_type_is_no_claim() {
    for value in [
        json!(null),
        json!("x"),
        json!(true),
        json!([1]),
        json!({}),
        json!("2000000100"),
    ] {
        for claim in ["exp", "nbf", "iat"] {
            assert!(
                claims(&json!({ claim: value }).to_string()).is_err(),
                "{claim} {value}"
            );
        }
    }
    for value in [
        json!(null),
        json!("a"),
        json!(true),
        json!(1),
        json!({}),
        json!({"0": "a"}),
    ] {
        for claim in ["publish", "subscribe", "manage", "presence"] {
            assert!(
                claims(&json!({ claim: value }).to_string()).is_err(),
                "{claim} {value}"
            );
        }
    }
    for value in [
        json!([1]),
        json!([null]),
        json!([["a"]]),
        json!([""]),
        json!(["a*b"]),
        json!(["**"]),
    ] {
        assert!(
            claims(&json!({ "publish": value }).to_string()).is_err(),
            "{value}"
        );
    }
    for value in [
        json!(null),
        json!(1),
        json!(["ann"]),
        json!({}),
        json!(""),
        json!("a\u{202e}b"),
        json!("x".repeat(129)),
    ] {
        assert!(
            claims(&json!({ "sub": value }).to_string()).is_err(),
            "{value}"
        );
    }
    for value in [json!(null), json!(1), json!([1]), json!({})] {
        assert!(
            claims(&json!({ "aud": value }).to_string()).is_err(),
            "{value}"
        );
    }
    for other in [
        "",
        "[]",
        "null",
        "1",
        r#""x""#,
        "{",
        "{}{}",
        r#"[["a"]]"#,
        r#"["ann",2000000100,0]"#,
    ] {
        assert_eq!(claims(other).unwrap_err(), Bad::Malformed, "{other}");
    }
}

#[test]
fn a_claim_that_stands_there_twice_is_no_claim() {
    for twice in [
        r#"{"sub":"ann","sub":"bob"}"#,
        r#"{"publish":["a"],"publish":["b"]}"#,
        r#"{"publish":["a"],"pub\u006cish":["b"]}"#,
        r#"{"exp":2000000100,"exp":2000000200}"#,
        r#"{"nbf":1,"nbf":2}"#,
        r#"{"aud":"a","aud":"b"}"#,
    ] {
        assert!(claims(twice).is_err(), "{twice}");
    }
}

#[test]
fn more_than_a_hundred_patterns_are_refused() {
    let of = |count: usize| {
        let half: Vec<String> = (0..count / 2).map(|i| i.to_string()).collect();
        let rest: Vec<String> = (count / 2..count).map(|i| i.to_string()).collect();
        claims(&json!({ "publish": half, "subscribe": rest }).to_string())
    };
    assert!(of(100).is_ok());
    assert!(matches!(of(101).unwrap_err(), Bad::Claims(problem) if problem.contains("100")));
}

#[test]
fn a_token_for_others_is_refused() {
    let keys = || vec![(None, KEY.to_owned())];
    let here = Tokens::new(keys(), Some("here")).unwrap();
    let open = Tokens::new(keys(), None).unwrap();
    for (audience, by_here, by_open) in [
        (json!({}), false, true),
        (json!({"aud": "here"}), true, false),
        (json!({"aud": ["there", "here"]}), true, false),
        (json!({"aud": "Here"}), false, false),
        (json!({"aud": "here "}), false, false),
        (json!({"aud": ["there"]}), false, false),
        (json!({"aud": []}), false, false),
    ] {
        let token = signed(HS256, &audience.to_string(), KEY);
        let judged = |tokens: &Tokens| tokens.verify(token.as_bytes(), now()).is_ok();
        assert_eq!(
            (judged(&here), judged(&open)),
            (by_here, by_open),
            "{audience}"
        );
    }
}

#[test]
fn a_key_is_shown_to_nobody() {
    let shown = format!("{:?}", tokens());
    assert!(shown.contains("old") && !shown.contains("0123"), "{shown}");
}
