use core::net::SocketAddr;
use core::time::Duration;

use super::Config;

fn here() -> SocketAddr {
    "10.0.0.1:7946".parse().unwrap()
}

#[test]
fn every_profile_is_valid() {
    for config in [
        Config::lan("a", here()),
        Config::wan("a", here()),
        Config::local("a", here()),
        Config::memberlist_lan("a", here()),
    ] {
        assert_eq!(config.validate(), Ok(()));
    }
}

#[test]
fn an_error_names_the_field_and_the_reason() {
    type Breakage = (&'static str, fn(&mut Config));
    let cases: [Breakage; 8] = [
        ("name", |c| c.name.clear()),
        ("advertise", |c| c.advertise = "0.0.0.0:1".parse().unwrap()),
        ("probe.timeout", |c| c.probe.timeout = c.probe.patience),
        ("probe.nack_after", |c| c.probe.nack_after = f64::NAN),
        ("suspicion.beta", |c| c.suspicion.beta = 0.5),
        ("gossip.mtu", |c| c.gossip.mtu = 600),
        ("sync.max_interval", |c| {
            c.sync.max_interval = Duration::ZERO
        }),
        ("limits.relays", |c| c.limits.relays = 0),
    ];
    for (field, break_it) in cases {
        let mut config = Config::lan("a", here());
        break_it(&mut config);
        let error = config.validate().unwrap_err();
        assert_eq!(error.field, field);
        assert!(error.to_string().starts_with(field), "{error}");
    }
}
